import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sandseg.errors import StackError
from sandseg.scan.choices import AmbiguousStackError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import WEB_LIMITS
from tests.made_pictures import few_bits_png, palette_bytes, picture_bytes
from tests.made_tiffs import read_all, zip_bytes


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (20, 32)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_a_grey_picture_comes_back_as_it_was_saved(image, kind, tmp_path):
    data = picture_bytes(image, kind)
    (tmp_path / "s.x").write_bytes(data)

    for source in (data, io.BytesIO(data), tmp_path / "s.x"):
        with open_stack(source) as stack:
            assert (stack.shape, stack.dtype, stack.warnings) == ((1, 20, 32), np.uint8, ())
            np.testing.assert_array_equal(read_all(stack), image[None])


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
def test_sixteen_bits_are_read_in_full_depth(rng, n_channels):
    deep = rng.integers(0, 65536, (9, 8)).astype(np.uint16)
    raw = np.stack([deep] * n_channels, axis=-1) if n_channels > 1 else deep
    if n_channels in (2, 4):
        raw[..., -1] = 65535

    stack = open_stack(picture_bytes(raw))

    assert stack.dtype == np.uint16
    np.testing.assert_array_equal(stack.read_slice(0), deep)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_pixel_of_few_bits_keeps_its_value(rng, bits):
    values = rng.integers(0, 2**bits, (6, 16)).astype(np.uint8)

    stack = open_stack(few_bits_png(values, bits))

    np.testing.assert_array_equal(stack.read_slice(0), values)
    assert any("1 bit" in note for note in stack.notes) == (bits == 1)


def test_a_bmp_of_one_bit_is_zero_and_one(rng):
    values = rng.integers(0, 2, (7, 9)).astype(bool)

    np.testing.assert_array_equal(open_stack(picture_bytes(values, "BMP")).read_slice(0), values)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_a_grey_table_gives_its_levels(rng, kind):
    numbers = rng.integers(0, 4, (8, 9))
    levels = np.array([240, 10, 90, 30], np.uint8)

    stack = open_stack(palette_bytes(numbers, np.stack([levels] * 3, axis=-1), kind))

    np.testing.assert_array_equal(stack.read_slice(0), levels[numbers])
    assert "grey table" in stack.notes[0]


def test_a_label_picture_is_no_scan(rng):
    data = palette_bytes(rng.integers(0, 3, (8, 9)), [(0, 0, 255), (0, 255, 0), (255, 0, 0)])

    with pytest.raises(StackError, match=r"3 colors or a label file, not grey values"):
        open_stack(data)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_equal_channels_are_grey(image, kind):
    smooth = np.sort(image, axis=None).reshape(image.shape)

    stack = open_stack(picture_bytes(np.stack([smooth] * 3, axis=-1), kind))

    assert any("channels are equal" in note for note in stack.notes)
    np.testing.assert_allclose(stack.read_slice(0), smooth.astype(float), atol=12)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_color_is_refused_until_a_channel_is_chosen(rng, kind):
    colors = np.kron(rng.integers(0, 256, (2, 2, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    data = picture_bytes(colors, kind)

    with pytest.raises(AmbiguousStackError, match="is a color picture") as caught:
        open_stack(data)

    assert caught.value.choices.channel.names == ("red", "green", "blue")
    np.testing.assert_allclose(
        open_stack(data, channel=1).read_slice(0), colors[..., 1].astype(float), atol=16
    )
    with pytest.raises(StackError, match="has no channel 4"):
        open_stack(data, channel=3)


def test_a_color_mode_without_grey_is_refused(image):
    handle = io.BytesIO()
    Image.fromarray(np.stack([image] * 4, axis=-1), "RGBA").convert("CMYK").save(handle, "JPEG")

    with pytest.raises(StackError, match=r"color picture \(its color mode is CMYK"):
        open_stack(handle.getvalue())


@pytest.mark.parametrize("n_channels", [2, 4])
def test_alpha_is_left_out_where_nothing_can_be_seen_through(image, n_channels):
    raw = np.stack([image] * n_channels, axis=-1)
    raw[..., -1] = 255

    stack = open_stack(picture_bytes(raw))
    np.testing.assert_array_equal(stack.read_slice(0), image)
    assert "opaque throughout" in stack.notes[-1]

    raw[3, 4, -1] = 254
    with pytest.raises(AmbiguousStackError, match="can be seen through"):
        open_stack(picture_bytes(raw))
    np.testing.assert_array_equal(open_stack(picture_bytes(raw), channel=0).read_slice(0), image)


@pytest.mark.parametrize("is_used", [False, True])
def test_a_value_that_stands_for_nothing_is_refused_where_it_occurs(image, is_used):
    values = np.maximum(image, 1)
    values[0, 0] = 0 if is_used else 1
    for data in (
        picture_bytes(values, transparency=0),
        palette_bytes(values, [(i, i, i) for i in range(256)], transparency=b"\0"),
    ):
        if is_used:
            with pytest.raises(StackError, match="can be seen through"):
                open_stack(data)
        else:
            np.testing.assert_array_equal(open_stack(data).read_slice(0), values)


def test_an_animation_is_refused(image):
    others = [Image.fromarray(255 - image)]

    with pytest.raises(StackError, match="a PNG of several pictures"):
        open_stack(picture_bytes(image, save_all=True, append_images=others))


def test_a_turned_picture_is_read_as_stored_and_says_so(image):
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG"):
        stack = open_stack(picture_bytes(image, kind, exif=exif))
        assert stack.shape == (1, 20, 32)
        assert any("asks to be shown turned" in note for note in stack.notes)


def test_a_jpeg_says_that_its_grey_values_were_changed(image):
    stack = open_stack(picture_bytes(image, "JPEG"))

    assert "JPEG" in " ".join(stack.notes)
    assert "changed the grey values" in stack.warnings[0]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
@pytest.mark.parametrize("dpi", [72, 96, 300])
def test_the_resolution_of_a_screen_is_no_voxel_size(image, kind, dpi):
    stack = open_stack(picture_bytes(image, kind, dpi=(dpi, dpi)))

    assert stack.voxel_size_um is None
    assert f"{dpi} dots per inch are a printer's default" in stack.notes[-1]


def test_another_resolution_is_the_voxel_size_and_says_so(image):
    stack = open_stack(picture_bytes(image, dpi=(25400 / 2.5, 25400 / 5)))

    assert stack.voxel_size_um == pytest.approx(2.5, rel=1e-5)
    assert stack.spacing_um == pytest.approx((2.5, 5, 2.5), rel=1e-4)
    assert "taken for the voxel size: 2.5 µm" in " ".join(stack.notes)
    assert "not square" in stack.notes[-1]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_a_picture_cut_off_anywhere_is_refused(image, kind):
    data = picture_bytes(image, kind)
    for n in range(3, len(data) - 60, 7):
        with pytest.raises(StackError) as caught, open_stack(data[:n]) as stack:
            read_all(stack)
        assert caught.value.hint


def test_a_flipped_bit_in_a_png_never_gives_other_values(image):
    data = picture_bytes(image)
    for at in range(0, len(data), 3):
        broken = bytearray(data)
        broken[at] ^= 8
        try:
            found = read_all(open_stack(bytes(broken)))
        except StackError:
            continue
        np.testing.assert_array_equal(found, image[None])


def test_a_small_picture_that_declares_gigabytes_is_refused():
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in parts
    )

    with pytest.raises(StackError, match="100,000 × 100,000 pixels; at most"):
        open_stack(data)
    with pytest.raises(StackError, match="damaged or malicious"):
        open_stack(
            data, limits=replace(WEB_LIMITS, max_pixels_per_slice=10**11, max_total_bytes=10**12)
        )


@pytest.mark.parametrize(("kind", "ending"), [("PNG", "png"), ("BMP", "BMP"), ("JPEG", "jpg")])
def test_many_pictures_are_a_stack_in_the_order_of_their_numbers(rng, kind, ending, tmp_path):
    slices = np.sort(rng.integers(0, 256, (3, 20, 32)), axis=2).astype(np.uint8)
    files = {
        f"s{n}.{ending}": picture_bytes(image, kind)
        for n, image in zip((9, 10, 11), slices, strict=True)
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    for source in (zip_bytes(files), tmp_path, [tmp_path / name for name in files]):
        with open_stack(source) as stack:
            np.testing.assert_allclose(read_all(stack), slices.astype(float), atol=20)
            assert bool(stack.warnings) == (kind == "JPEG")


def test_a_preview_beside_slices_is_left_out_and_said(image, tmp_path):
    for n in range(3):
        (tmp_path / f"s{n}.bmp").write_bytes(picture_bytes(image, "BMP"))
    (tmp_path / "preview.jpg").write_bytes(picture_bytes(image[:9], "JPEG"))

    stack = open_stack(tmp_path)

    assert stack.n_slices == 3
    assert "1 JPEG file beside the BMP left out." in stack.notes
    for n in range(2):
        (tmp_path / f"t{n}.jpg").write_bytes(picture_bytes(image, "JPEG"))
    with pytest.raises(StackError, match="holds 3 BMP and 3 JPEG files"):
        open_stack(tmp_path)
