import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from sandseg import tiff_check
from sandseg.classes import IGNORED
from sandseg.errors import LabelError, SandsegError, StackError
from sandseg.stack import (
    LOCAL_LIMITS,
    AmbiguousStackError,
    Stack,
    StackLimits,
    check_same_shape,
    check_values,
    open_stack,
    read_labels,
)

GREY_TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]


def tiff_bytes(array, **options):
    handle = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tifffile.imwrite(handle, array, **options)
    return handle.getvalue()


def pages_bytes(images, **options):
    """One page after the other, as scanners write them: without any word about the axes."""
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for image in images:
            writer.write(image, metadata=None, **options)
    return handle.getvalue()


def read_all(stack):
    return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


def error_of(action):
    try:
        action()
    except StackError as error:
        return error
    return None


def bare_tiff(*tags, size=262):
    """A TIFF of one page with (code, type, value) tags and zeros up to `size` bytes."""
    entries = b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return data.ljust(size, b"\0")


def huge_tags(height, width):
    return [(256, 4, width), (257, 4, height), (258, 3, 8), (262, 3, 1), (273, 4, 200), (279, 4, 9)]


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


# --- What is in a file comes out ------------------------------------------------------------


@given(
    dtype=st.sampled_from(GREY_TYPES),
    order=st.sampled_from("<>"),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 20), st.integers(5, 20)),
    compression=st.sampled_from([None, "lzw", "zlib", "packbits", "zstd"]),
    tile=st.sampled_from([None, (16, 16)]),
    bigtiff=st.booleans(),
)
def test_any_grey_stack_comes_back_as_it_was_written(
    dtype, order, shape, compression, tile, bigtiff
):
    values = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle, byteorder=order, bigtiff=bigtiff) as writer:
        for image in values:
            writer.write(image, compression=compression, tile=tile, metadata=None)

    stack = open_stack(handle.getvalue())

    assert stack.shape == shape
    assert stack.dtype == np.dtype(dtype)
    assert read_all(stack).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read_all(stack), values)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"imagej": True, "metadata": {"axes": "ZYX"}},
        {"imagej": True},
        {"ome": True, "metadata": {"axes": "ZYX"}},
        {"ome": True, "metadata": {"axes": "ZYX"}, "compression": "lzw"},
        {"metadata": {"axes": "TYX"}},
        {"volumetric": True},
        {"volumetric": True, "compression": "zlib", "tile": (16, 16)},
        {"bigtiff": True},
    ],
)
@pytest.mark.parametrize("n_slices", [1, 3, 5])
def test_every_way_of_writing_a_volume_is_read_as_slices(volume, options, n_slices):
    stack = open_stack(tiff_bytes(volume[:n_slices], **options))

    np.testing.assert_array_equal(read_all(stack), volume[:n_slices])


def test_three_slices_that_tifffile_wrote_as_planes_of_colors_are_three_slices(volume):
    stack = open_stack(tiff_bytes(volume[:3].astype(np.uint8)))

    np.testing.assert_array_equal(read_all(stack), volume[:3].astype(np.uint8))
    assert "read as 3 slices" in stack.notes[0]


def test_slices_written_one_by_one_are_one_stack(volume):
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for image in volume:
            writer.write(image)

    np.testing.assert_array_equal(read_all(open_stack(handle)), volume)


def test_depth_is_kept_and_the_first_channel_and_time_point_taken(rng):
    values = rng.integers(0, 255, (2, 4, 3, 16, 20)).astype(np.uint16)
    for options in ({"imagej": True}, {"ome": True}):
        stack = open_stack(tiff_bytes(values, metadata={"axes": "TZCYX"}, **options))

        np.testing.assert_array_equal(read_all(stack), values[0, :, 0])
        assert stack.notes == (
            "The first of 2 time points is shown.",
            "The first of 3 channels is shown.",
        )


def test_axes_of_length_one_go(volume):
    stack = open_stack(tiff_bytes(volume[None, :, None], imagej=True))

    assert stack.shape == volume.shape
    assert stack.axes == "ZYX"
    assert stack.notes == ()


def test_a_pyramid_is_read_at_full_resolution(volume):
    handle = io.BytesIO()
    full = np.kron(volume[0], np.ones((4, 4), np.uint16))
    with tifffile.TiffWriter(handle) as writer:
        writer.write(full, metadata=None)
        writer.write(full[::2, ::2], subfiletype=1, metadata=None)
        writer.write(full[::4, ::4], subfiletype=1, metadata=None)

    stack = open_stack(handle)

    np.testing.assert_array_equal(read_all(stack), full[None])
    assert stack.notes == ("2 smaller preview images in the file left out.",)


def test_unmarked_halved_copies_are_a_pyramid_too(volume):
    stack = open_stack(pages_bytes([volume[0], volume[0, ::2, ::2]]))

    np.testing.assert_array_equal(read_all(stack), volume[:1])


@pytest.mark.parametrize("dtype", ["bool", "u1", "u2", "i2", "f4"])
def test_a_negative_is_inverted_so_that_dark_is_low(dtype):
    values = np.arange(12).reshape(3, 4).astype(dtype)

    stack = open_stack(tiff_bytes(values, photometric="miniswhite"))

    image = stack.read_slice(0).astype(float)
    np.testing.assert_array_equal(image, values.astype(float).max() - values + image.min())
    assert any("inverted" in note for note in stack.notes)


def test_one_bit_images_hold_zero_and_one():
    values = np.eye(9, dtype=bool)

    stack = open_stack(tiff_bytes(values, photometric="minisblack"))

    assert stack.dtype == np.uint8
    np.testing.assert_array_equal(stack.read_slice(0), values)


@pytest.mark.parametrize("n_channels", [3, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_grey_saved_as_rgb_is_read_as_grey(rng, n_channels, planar):
    grey = rng.integers(0, 255, (2, 20, 30)).astype(np.uint8)
    channels = np.stack([grey, grey, grey, np.full_like(grey, 255)][:n_channels], axis=-1)
    if planar == "separate":
        channels = np.moveaxis(channels, -1, 1)

    stack = open_stack(tiff_bytes(channels, photometric="rgb", planarconfig=planar))

    np.testing.assert_array_equal(read_all(stack), grey)
    assert stack.notes == ("RGB whose channels are equal: read as grey.",)


def test_a_grey_table_is_looked_up():
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    table = np.tile(np.arange(255, -1, -1, dtype=np.uint16) * 257, (3, 1))

    stack = open_stack(tiff_bytes(indices, photometric="palette", colormap=table))

    np.testing.assert_array_equal(stack.read_slice(0), 255 - indices)


def test_the_display_colors_of_imagej_do_not_change_the_grey_values():
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    fire = np.stack([np.arange(256), np.arange(256) // 2, np.zeros(256)]).astype(np.uint16) * 257
    data = tiff_bytes(
        indices,
        photometric="palette",
        colormap=fire,
        metadata=None,
        description="ImageJ=1.54f\nimages=1\n",
    )

    stack = open_stack(data)

    np.testing.assert_array_equal(stack.read_slice(0), indices)
    assert "display only" in stack.notes[0]


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "memory", "file"])
def test_a_stack_opens_from_whatever_holds_it(tmp_path, volume, kind):
    path = tmp_path / "rock.tif"
    path.write_bytes(tiff_bytes(volume))
    with path.open("rb") as handle:
        source = {
            "path": path,
            "text": str(path),
            "bytes": path.read_bytes(),
            "memory": io.BytesIO(path.read_bytes()),
            "file": handle,
        }[kind]
        with open_stack(source) as stack:
            np.testing.assert_array_equal(read_all(stack), volume)
            assert stack.name == ("rock.tif" if kind in ("path", "text", "file") else "file")


def test_an_upload_may_be_closed_while_its_stack_is_open(volume):
    upload = io.BytesIO(tiff_bytes(volume))
    stack = open_stack(upload, "upload.tif")
    upload.close()

    np.testing.assert_array_equal(read_all(stack), volume)
    assert stack.name == "upload.tif"


def test_threads_read_the_slices_they_asked_for(rng):
    values = rng.integers(0, 255, (40, 64, 64)).astype(np.uint8)
    stack = open_stack(pages_bytes(values, compression="zlib"))
    order = rng.permutation(np.repeat(np.arange(40), 5))

    with ThreadPoolExecutor(8) as pool:
        for z, image in zip(order, pool.map(stack.read_slice, order), strict=True):
            np.testing.assert_array_equal(image, values[z])


def test_a_stack_may_be_an_array(volume):
    stack = Stack.from_array(volume, "rock", 2.5)

    assert (stack.name, stack.shape, stack.n_slices) == ("rock", volume.shape, 5)
    assert (stack.dtype, stack.voxel_size_um) == (np.uint16, 2.5)
    np.testing.assert_array_equal(read_all(stack), volume)
    assert Stack.from_array(volume[0]).shape == (1, 24, 31)


@pytest.mark.parametrize("array", [np.zeros((2, 3, 4, 5)), np.zeros((0, 3, 4)), np.zeros(4, "c8")])
def test_an_array_that_is_no_stack_is_refused(array):
    with pytest.raises(StackError, match=r"needed are real numbers with the axes \(Z, Y, X\)"):
        Stack.from_array(array)


@pytest.mark.parametrize("z", [-1, 5])
def test_a_slice_that_is_not_there_is_refused(volume, z):
    with pytest.raises(StackError, match=f"no slice {z + 1}; its slices are 1 to 5"):
        open_stack(tiff_bytes(volume)).read_slice(z)


# --- Voxel size -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"resolution": (1 / 2.2315, 1 / 2.2315), "unit": "micron"}, 2.2315),
        ({"resolution": (1e3 / 2.2315, 1e3 / 2.2315), "unit": "mm"}, 2.2315),
        ({"resolution": (1 / 900, 1 / 900), "unit": "nm"}, 0.9),
        ({"resolution": (0.5, 0.5), "unit": "pixel"}, None),
        ({"unit": "\\u00B5m", "resolution": (0.25, 0.25)}, 4.0),
    ],
)
def test_the_voxel_size_is_read_from_imagej(volume, options, expected):
    options = dict(options)
    metadata = {"axes": "ZYX", "unit": options.pop("unit")}

    stack = open_stack(tiff_bytes(volume, imagej=True, metadata=metadata, **options))

    assert stack.voxel_size_um == (pytest.approx(expected, rel=1e-6) if expected else None)


@pytest.mark.parametrize(
    ("size", "unit", "expected"),
    [(1.75, None, 1.75), (0.00175, "mm", 1.75), (850, "nm", 0.85), (3, "pixel", None)],
)
def test_the_voxel_size_is_read_from_ome(volume, size, unit, expected):
    metadata = {"axes": "ZYX", "PhysicalSizeX": size, "PhysicalSizeY": size}
    if unit:
        metadata |= {"PhysicalSizeXUnit": unit, "PhysicalSizeYUnit": unit}

    stack = open_stack(tiff_bytes(volume, ome=True, metadata=metadata))

    assert stack.voxel_size_um == expected


@pytest.mark.parametrize(
    ("per_unit", "unit", "expected"),
    [
        (1e4 / 2.2315, "CENTIMETER", 2.2315),
        (25_400 / 5, "INCH", 5),
        (72, "INCH", None),
        (300, "INCH", None),
        (118.11, "CENTIMETER", None),
        (1, "CENTIMETER", None),
        (0.4, "NONE", None),
    ],
)
def test_the_voxel_size_is_read_from_the_resolution_unless_a_camera_wrote_it(
    volume, per_unit, unit, expected
):
    data = pages_bytes(volume, resolution=(per_unit, per_unit), resolutionunit=unit)

    assert open_stack(data).voxel_size_um == (expected and pytest.approx(expected, rel=1e-6))


def test_voxels_that_are_no_cubes_are_noted(volume):
    metadata = {"axes": "ZYX", "unit": "um", "spacing": 4.0}

    stack = open_stack(tiff_bytes(volume, imagej=True, resolution=(0.5, 1), metadata=metadata))

    assert stack.voxel_size_um == 2.0
    assert "2 µm wide, 1 µm high" in stack.notes[0]
    assert "4 µm apart" in stack.notes[1]


# --- What cannot be read is refused before it is decoded ------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"II", "is another file, not a TIFF"),
        (b"\x89PNG\r\n", "is a PNG image, not a TIFF"),
        (b"PK\x03\x04", "cannot be unpacked: the ZIP is damaged"),
        (b"\x93NUMPY", "cannot be read: the file is damaged"),
        (b"II*\0\x08\0\0", "is cut off: it ends in the middle of its list of pages"),
        (b"II*\0\0\0\0\0", "a TIFF without any image"),
        (b"II*\0\xff\0\0\0", "page 1 should begin at byte 255, but the file ends after 8"),
    ],
)
def test_what_is_no_tiff_is_named(data, message):
    with pytest.raises(StackError, match=message):
        open_stack(data)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(StackError, match=r"rock\.tif\" cannot be opened \(No such file"):
        open_stack(tmp_path / "rock.tif")
    with pytest.raises(StackError, match="is a folder"):
        open_stack(tmp_path)


@pytest.mark.parametrize(("height", "width"), [(100_000, 100_000), (2_000_000, 1_800_000)])
def test_a_small_file_that_declares_terabytes_is_refused(height, width):
    with pytest.raises(StackError, match=r"declares .* [GT]B in a file of 262 bytes, so it is da"):
        open_stack(bare_tiff(*huge_tags(height, width)))


def test_a_page_without_pixels_is_refused():
    with pytest.raises(StackError, match="Page 1 of .* has no pixels"):
        open_stack(bare_tiff(*huge_tags(0, 7)))


def test_pages_that_form_a_circle_are_refused(volume):
    data = bytearray(pages_bytes(volume[:1]))
    (first,) = struct.unpack_from("<I", data, 4)
    (n_tags,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * n_tags, first)

    with pytest.raises(StackError, match="page 1 leads back to page 1"):
        open_stack(bytes(data))


def chain_of_pages(n_pages):
    """Many pages that all point to the same 16 × 16 pixels."""
    tags = [(256, 4, 16), (257, 4, 16), (258, 3, 8), (262, 3, 1), (273, 4, 8), (279, 4, 256)]
    size = 2 + 12 * len(tags) + 4
    start = 8 + 256
    entries = b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in tags)
    offsets = [start + (page + 1) * size for page in range(n_pages - 1)] + [0]
    pages = (struct.pack("<H", len(tags)) + entries + struct.pack("<I", o) for o in offsets)
    return b"II*\0" + struct.pack("<I", start) + bytes(256) + b"".join(pages)


def test_pages_that_share_their_pixels_are_refused():
    assert open_stack(chain_of_pages(1)).shape == (1, 16, 16)
    with pytest.raises(StackError, match="Pages 1 and 2 of .* share the same pixels"):
        open_stack(chain_of_pages(2))
    with pytest.raises(StackError, match="more than 10,000 pages"):
        open_stack(chain_of_pages(20_000))


@given(share=st.floats(0, 0.999))
def test_a_file_cut_off_anywhere_never_gives_half_a_stack(share):
    values = np.random.default_rng(3).integers(0, 255, (4, 16, 20)).astype(np.uint8)
    for data in (
        pages_bytes(values),
        pages_bytes(values, compression="zlib"),
        tiff_bytes(values),
        tiff_bytes(values, imagej=True, metadata={"axes": "ZYX"}),
        tiff_bytes(values, ome=True, metadata={"axes": "ZYX"}),
    ):
        try:
            found = read_all(open_stack(data[: int(share * len(data))]))
        except StackError:
            continue
        np.testing.assert_array_equal(found, values)  # only padding was lost


def test_an_imagej_stack_without_its_end_says_what_is_missing(volume):
    data = tiff_bytes(volume, imagej=True, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(io.BytesIO(data)) as tif:  # ImageJ writes large stacks as one page
        page = tif.pages.first
        one_page = bytearray(data[: page.dataoffsets[0] + volume.nbytes])
        struct.pack_into("<I", one_page, page.offset + 2 + 12 * len(page.tags), 0)

    np.testing.assert_array_equal(read_all(open_stack(bytes(one_page))), volume)
    with pytest.raises(StackError, match="cut off: it should hold 5 slices"):
        open_stack(bytes(one_page[:-1]))


def test_slices_of_different_size_are_named(volume):
    images = [volume[0], volume[1], volume[2, :20]]
    with pytest.raises(StackError, match="slice 1 is 24 × 31 pixels, slice 3 is 20 × 31"):
        open_stack(pages_bytes(images))


def test_slices_of_different_kind_are_named(volume):
    images = [volume[0], volume[0].astype(np.uint8), volume[1]]
    with pytest.raises(StackError, match="slice 1 is 16-bit uint16 .* slice 2 is 8-bit uint8"):
        open_stack(pages_bytes(images))


def test_the_limits_hold(volume):
    data = tiff_bytes(volume)
    with pytest.raises(StackError, match=r"A slice of .* has 24 × 31 pixels; at most"):
        open_stack(data, limits=StackLimits(max_pixels_per_slice=700))
    with pytest.raises(StackError, match="more than 4 pages"):
        open_stack(data, limits=StackLimits(max_slices=4))
    with pytest.raises(StackError, match=r"holds .* of pixels; at most 7 kB can be opened here"):
        open_stack(data, limits=StackLimits(max_total_bytes=7000))
    one_page = tiff_bytes(volume, volumetric=True)
    with pytest.raises(StackError, match="has 5 slices; at most 4"):
        open_stack(one_page, limits=StackLimits(max_slices=4))
    assert open_stack(data, limits=LOCAL_LIMITS).n_slices == 5


def test_a_color_picture_is_refused(rng):
    colors = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    with pytest.raises(StackError, match="is a color picture") as caught:
        open_stack(tiff_bytes(colors, photometric="rgb"), "photo.tif")
    assert "single-channel grey TIFF" in caught.value.hint


def test_color_in_a_later_slice_is_found_when_it_is_read():
    values = np.zeros((2, 8, 8, 3), np.uint8)
    values[1, 0, 0] = (1, 2, 3)
    stack = open_stack(tiff_bytes(values, photometric="rgb"))

    assert stack.read_slice(0).max() == 0
    with pytest.raises(StackError, match="is a color picture"):
        stack.read_slice(1)


def test_complex_numbers_are_refused():
    with pytest.raises(StackError, match="holds complex numbers"):
        open_stack(tiff_bytes(np.zeros((4, 5), np.complex64)))


def test_a_rare_compression_is_named(volume):
    data = tiff_bytes(volume[0].astype(np.uint8), compression="jpegxl")
    with pytest.raises(StackError, match="compressed with JPEGXL, which is not supported"):
        open_stack(data)


def test_a_jpeg_larger_than_its_page_is_refused_before_it_is_decoded():
    image = np.zeros((32, 32), np.uint8)
    data = bytearray(tiff_bytes(image, compression="jpeg", metadata=None))
    header = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, header + 5, 60_000, 60_000)

    assert open_stack(tiff_bytes(image, compression="jpeg")).read_slice(0).shape == (32, 32)
    with pytest.raises(StackError, match="60,000 × 60,000 pixels, far more than its page"):
        open_stack(bytes(data))


def test_damaged_pixels_are_an_error_of_the_file(volume):
    data = bytearray(pages_bytes(volume, compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as tif:
        start = tif.pages[2].dataoffsets[0]
    data[start : start + 40] = bytes(40)
    stack = open_stack(bytes(data), "rock.tif")

    np.testing.assert_array_equal(stack.read_slice(1), volume[1])
    with pytest.raises(StackError, match=r'"rock\.tif" cannot be read: the file is damaged'):
        stack.read_slice(2)


def test_an_ome_description_of_billions_of_slices_is_refused(volume):
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        'SizeX="31" SizeY="24" SizeZ="5" SizeC="30000" SizeT="30000"><TiffData/></Pixels>'
        "</Image></OME>"
    )
    data = pages_bytes(volume, description=xml)

    with pytest.raises(StackError, match="describes [0-9,]+ slices"):
        open_stack(data)


def test_memory_that_runs_out_is_an_error_with_advice(volume, monkeypatch):
    stack = open_stack(tiff_bytes(volume), "rock.tif")
    monkeypatch.setattr(tifffile.FileHandle, "read_array", _run_out_of_memory)

    with pytest.raises(StackError, match="does not fit into this computer's memory"):
        stack.read_slice(0)


def _run_out_of_memory(*_args, **_options):
    raise MemoryError


@pytest.mark.parametrize("error_type", tiff_check.UNREADABLE)
def test_every_error_of_the_decoders_becomes_one_sentence(error_type):
    with pytest.raises(StackError, match='"rock.tif"') as caught, tiff_check.reading("rock.tif"):
        raise error_type("some detail")
    assert caught.value.hint


@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_flipped_byte_never_gives_anything_but_a_stack_or_a_stack_error(position, value):
    images = np.arange(300, dtype=np.uint8).reshape(3, 10, 10)
    data = bytearray(pages_bytes(images, compression="lzw"))
    data[position % len(data)] = value
    error = error_of(lambda: read_all(open_stack(bytes(data))))

    assert error is None or (error.message and error.hint)


# --- Files nobody here made -----------------------------------------------------------------

NOT_GREY = {  # in valid/, but no grey image: colors
    "image-tiff__BigTIFFMotorola.tif",
    "image-tiff__logluv-3c-16b.tiff",
    "image-tiff__off_luv24.tif",
    "image-tiff__seq-3c-5b-contig-09f197f4.tiff",
    "image-tiff__seq-3c-8b-lzw-8743c999.tiff",
    "image-tiff__seq-3c-8b-tiled-8743c999.tiff",
    "image-tiff__ycbcr-cat.tif",
    "pillow__hopper_bigtiff.tif",
    "pillow__hopper_lzma.tif",
    "pillow__hopper_webp.tif",
    "pillow__multipage-lastframe.tif",
    "pillow__tiff_strip_planar_raw_with_overviews.tif",
    "skimage__multipage_rgb.tif",
    "twelvemonkeys__floatingpoint-16bit.tif",
    "twelvemonkeys__xerox-jpeg-ycbcr-weird-coefficient.tif",
}


def test_every_grey_file_of_the_collection_is_understood(tiff_dir):
    refused = {}
    for path in sorted((tiff_dir / "valid").iterdir()):
        try:
            with open_stack(path) as stack:
                image = stack.read_slice(stack.n_slices - 1)
                assert (image.shape, image.dtype) == (stack.shape[1:], stack.dtype), path.name
        except StackError as error:
            refused[path.name] = error.message

    assert {name for name in refused if not _is_not_grey(name)} == set(), refused


def test_a_color_file_of_the_collection_is_understood_once_a_channel_is_chosen(tiff_dir):
    n_opened = 0
    for path in sorted((tiff_dir / "valid").iterdir()):
        try:
            open_stack(path).close()
        except AmbiguousStackError as error:
            for channel in range(len(error.choices.channel.names)):
                with open_stack(path, channel=channel) as stack:
                    assert stack.read_slice(0).shape == stack.shape[1:]
            n_opened += 1
        except StackError:
            continue

    assert n_opened >= 10


def _is_not_grey(name):
    return any(name.startswith(known.rsplit(".", 1)[0][:40]) for known in NOT_GREY)


def test_no_damaged_file_of_the_collection_gives_anything_but_an_error(tiff_dir):
    paths = sorted((tiff_dir / "invalid").iterdir())
    errors = {path.name: error_of(lambda path=path: read_all(open_stack(path))) for path in paths}

    assert all(error.hint for error in errors.values() if error)
    assert [name for name, error in errors.items() if error is None] == [
        "twelvemonkeys__ccitt_tolessrows.tif"
    ]  # a fax with a short last row


def test_the_real_sandstone_is_understood(sandstone_dir):
    with open_stack(sandstone_dir / "images" / "Sandstone_Versa0000.tif") as stack:
        assert stack.shape == (1, 1024, 996)
        assert stack.voxel_size_um == pytest.approx(2.2315, abs=1e-4)
        assert (stack.compression, stack.notes) == ("none", ())
        labels = read_labels(sandstone_dir / "masks" / "Sandstone_Versa0000.tif")
        check_same_shape(stack, labels)
    assert set(np.unique(labels)) <= {0, 1, 2, 3, IGNORED}
    assert (labels == IGNORED).mean() < 0.001


# --- Values and labels ----------------------------------------------------------------------


def test_values_worth_segmenting_pass(volume):
    check_values(volume[0])
    check_values(volume[0].astype(np.float32))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5), np.uint8), "Every pixel is 0; nothing to segment"),
        (np.full((4, 5), 2.5), r"Every pixel is 2\.5"),
        (np.full((4, 5), np.nan), "No pixel of the slice is a finite number"),
        (np.array([[1, 2], [np.nan, np.inf]]), "2 of 4 pixels are not numbers"),
    ],
)
def test_values_not_worth_segmenting_are_refused(image, message):
    with pytest.raises(StackError, match=message) as caught:
        check_values(image)
    assert caught.value.hint


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_labels_are_read_in_every_whole_number_type(rng, dtype):
    labels = rng.integers(0, 4, (5, 12, 13)).astype(np.uint8)

    found = read_labels(tiff_bytes(labels.astype(dtype), compression="zlib"))

    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, labels)


def test_labels_from_one_are_shifted_by_what_the_whole_stack_holds(rng):
    labels = rng.integers(0, 4, (5, 12, 13)).astype(np.uint8)
    labels[0] = 1  # alone, this slice could be either coding
    raw = labels + 1
    raw[2, 0, 0] = 0

    found = read_labels(tiff_bytes(raw))

    labels[2, 0, 0] = IGNORED
    np.testing.assert_array_equal(found, labels)


def test_labels_with_a_color_table_are_the_indices(rng):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    table = rng.integers(0, 65535, (3, 256)).astype(np.uint16)
    data = tiff_bytes(labels, photometric="palette", colormap=table)

    np.testing.assert_array_equal(read_labels(data), labels[None])
    with pytest.raises(StackError, match="or a label file, not grey values"):
        open_stack(data)


def test_labels_in_the_sandstones_colors_are_decoded(rng):
    labels = rng.integers(0, 4, (2, 12, 13)).astype(np.uint8)
    colors = np.array([(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0)], np.uint8)

    np.testing.assert_array_equal(
        read_labels(tiff_bytes(colors[labels], photometric="rgb")), labels
    )


def test_labels_saved_as_grey_rgb_are_decoded(rng):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    data = tiff_bytes(np.stack([labels] * 3, axis=-1), photometric="rgb")

    np.testing.assert_array_equal(read_labels(data), labels[None])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.array([[0, 9]], np.uint8), "holds the values 0, 9; expected are 0 to 3"),
        (np.array([[0, 300]], np.uint16), "holds the values 0, 300"),
        (np.array([[-1, 3]], np.int16), "holds the values -1, 3"),
        (np.array([[0.5, 1]], np.float32), "holds fractions"),
    ],
)
def test_values_that_are_no_labels_are_refused(raw, message):
    with pytest.raises(LabelError, match=message):
        read_labels(tiff_bytes(raw))


def test_signed_colors_that_are_no_labels_are_refused():
    colors = np.arange(60, dtype=np.int8).reshape(4, 5, 3)

    with pytest.raises(LabelError):
        read_labels(tiff_bytes(colors, photometric="rgb", metadata=None))


def test_a_damaged_label_file_is_an_error_of_the_file():
    with pytest.raises(StackError, match="is empty"):
        read_labels(b"")


def test_labels_of_another_size_are_refused(volume):
    stack = Stack.from_array(volume, "rock")
    check_same_shape(stack, volume)
    with pytest.raises(
        LabelError, match="is 5 slices of 24 × 31 pixels, but the labels are 1 slice of 24 × 30"
    ):
        check_same_shape(stack, volume[:1, :, :30])


def test_an_error_never_leaves_a_file_open(tmp_path):
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\0\xff\0\0\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.raises(SandsegError):
            open_stack(path)
