import shutil
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from sandseg.errors import LabelError, SandsegError, StackError
from sandseg.scan.choices import AmbiguousStackError, Choice, Selection
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.colors import SANDSTONE_RGB
from sandseg.scan.limits import WEB_LIMITS
from sandseg.scan.raw.file_name import UnknownLayoutError
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.stack import Stack
from sandseg.settings import MIN_FREE, QUOTA_SESSION, QUOTA_TOTAL, WORK
from sandseg.uploads import decode_guard, workspace
from sandseg.uploads.decode_guard import Wish, take_each, take_labels, take_upload
from tests.made_pictures import palette_bytes, picture_bytes

pytestmark = pytest.mark.slow  # each test starts a process or several


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 40, 50)).astype(np.uint16)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(WORK.name, str(tmp_path / "work"))
    visit = workspace.new_visit()
    yield workspace.new_folder(visit)
    workspace.end_serving(visit)


def read_all(stack):
    return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_an_upload_becomes_a_plain_stack_and_its_voxel_size_is_told(tmp_path, folder, volume):
    tifffile.imwrite(
        tmp_path / "x",
        volume,
        imagej=True,
        compression="zlib",
        resolution=(0.4, 0.4),
        metadata={"axes": "ZYX", "unit": "um"},
    )

    taken = take_upload({"rock.tif": tmp_path / "x"}, folder)

    assert (taken.axes, taken.compression, taken.notes) == ("ZYX", "deflate", ())
    assert taken.voxel_size_um == pytest.approx(2.5)
    with open_stack(taken.path) as stack:
        assert (stack.compression, stack.notes, stack.dtype) == ("none", (), np.uint16)
        np.testing.assert_array_equal(read_all(stack), volume)
    assert names(folder) == ["stack.tif"]


def test_a_zip_and_several_files_are_taken_as_one_stack(tmp_path, folder, volume):
    paths = [tmp_path / f"slice{z}.tif" for z in range(5)]
    for path, image in zip(paths, volume, strict=True):
        tifffile.imwrite(path, image)
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for path in paths:
            archive.write(path, path.name)

    for sources in (paths, [tmp_path / "scan.zip"]):
        files = {path.name: path for path in sources}
        with open_stack(take_upload(files, folder).path) as stack:
            np.testing.assert_array_equal(read_all(stack), volume)


def test_what_must_be_chosen_is_asked_for_and_then_taken(tmp_path, folder, rng):
    colors = rng.integers(0, 255, (40, 50, 3)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "photo.tif", colors, photometric="rgb")

    with pytest.raises(AmbiguousStackError, match="is a color picture") as caught:
        take_upload({"photo.tif": tmp_path / "photo.tif"}, folder)
    assert caught.value.choices.open == {"channel": Choice(("red", "green", "blue"), 0)}
    assert names(folder) == []
    taken = take_upload(
        {"photo.tif": tmp_path / "photo.tif"}, folder, wish=Wish(Selection(channel=1))
    )
    assert taken.choices.channel.chosen == 1
    with open_stack(taken.path) as stack:
        np.testing.assert_array_equal(stack.read_slice(0), colors[..., 1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no picture", "is another file, not a TIFF"),
        (b"", "is empty"),
        (b"PK\3\4", "ZIP is damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_under_the_visitors_name(tmp_path, folder, data, message):
    (tmp_path / "x").write_bytes(data)

    with pytest.raises(StackError, match=f'"rock.tif" .*{message}') as caught:
        take_upload({"rock.tif": tmp_path / "x"}, folder)
    assert caught.value.hint
    assert names(folder) == []


def test_damage_in_a_late_slice_leaves_nothing(tmp_path, folder, volume):
    tifffile.imwrite(tmp_path / "rock.tif", volume, compression="zlib", metadata=None)
    with tifffile.TiffFile(tmp_path / "rock.tif") as tif:
        start = tif.pages[4].dataoffsets[0]
    data = bytearray((tmp_path / "rock.tif").read_bytes())
    data[start : start + 40] = bytes(40)
    (tmp_path / "rock.tif").write_bytes(data)

    with pytest.raises(StackError, match="cannot be read: the file is damaged"):
        take_upload({"rock.tif": tmp_path / "rock.tif"}, folder)
    assert names(folder) == []


def test_codecs_that_size_themselves_are_decoded_where_memory_is_limited(tmp_path, folder, volume):
    image = (volume[0] >> 4).astype(np.uint8)
    tifffile.imwrite(tmp_path / "rock.tif", image, compression="jpegxl")

    with pytest.raises(StackError, match="not supported"):
        open_stack(tmp_path / "rock.tif")
    if sys.platform == "linux":
        assert take_upload({"rock.tif": tmp_path / "rock.tif"}, folder).compression == "jpegxl"


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems have no limit on memory.")
def test_memory_beyond_the_limit_is_refused(tmp_path, folder):
    image = np.zeros((9000, 9000), np.float64)
    tifffile.imwrite(tmp_path / "rock.tif", image, compression="zlib", rowsperstrip=9000)
    tight = replace(WEB_LIMITS, decode_bytes=900 * 2**20)

    with pytest.raises(StackError, match="memory") as caught:
        take_upload({"rock.tif": tmp_path / "rock.tif"}, folder, tight)
    assert "SANDSEG_DECODE_BYTES" in caught.value.hint
    assert names(folder) == []


def test_a_decoder_that_takes_too_long_is_ended(tmp_path, folder, volume):
    tifffile.imwrite(tmp_path / "rock.tif", volume)

    with pytest.raises(StackError, match=r"could not be read within 0 seconds") as caught:
        take_upload({"rock.tif": tmp_path / "rock.tif"}, folder, replace(WEB_LIMITS, decode_s=0.01))
    assert "SANDSEG_DECODE_S" in caught.value.hint


def test_a_decoder_that_dies_is_an_error_of_the_file(tmp_path, folder, volume, monkeypatch):
    tifffile.imwrite(tmp_path / "rock.tif", volume)
    monkeypatch.setattr(decode_guard.sys, "executable", "/bin/false")

    with pytest.raises(StackError, match="decoding it failed") as caught:
        take_upload({"rock.tif": tmp_path / "rock.tif"}, folder)
    assert "SANDSEG_DECODE_BYTES" in caught.value.hint


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
def test_labels_keep_the_values_that_stand_in_the_file(tmp_path, folder, rng, dtype):
    labels = (rng.integers(0, 4, (3, 20, 30)) * 50).astype(dtype)
    tifffile.imwrite(tmp_path / "x", labels, compression="zlib", photometric="minisblack")

    [taken] = take_each({"labels.tif": tmp_path / "x"}, [folder / "plain.tif"], n_classes=4)

    assert (taken.shape, taken.is_colored) == (labels.shape, False)
    with tifffile.TiffFile(taken.path) as tif:
        assert {page.compression for page in tif.pages} == {1}
        np.testing.assert_array_equal(tif.asarray(), labels)


def test_a_color_table_of_labels_does_not_change_their_values(tmp_path, folder, rng):
    labels = rng.integers(0, 4, (20, 30)).astype(np.uint8)
    table = rng.integers(0, 2**16, (3, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "x", labels, photometric="palette", colormap=table)

    [taken] = take_each({"labels.tif": tmp_path / "x"}, [folder / "plain.tif"], n_classes=4)

    np.testing.assert_array_equal(tifffile.imread(taken.path), labels)


def test_colored_labels_become_the_labels_they_mean(tmp_path, folder, rng):
    labels = rng.integers(0, 4, (2, 20, 30)).astype(np.uint8)
    colors = np.array(list(SANDSTONE_RGB), np.uint8)[labels]
    tifffile.imwrite(tmp_path / "x", colors, compression="lzw", photometric="rgb")

    [taken] = take_each({"labels.tif": tmp_path / "x"}, [folder / "plain.tif"], n_classes=4)

    assert taken.is_colored
    np.testing.assert_array_equal(tifffile.imread(taken.path), labels)


def test_of_many_files_one_that_is_refused_leaves_none(tmp_path, folder, rng):
    files = {f"{z}.tif": tmp_path / f"{z}.tif" for z in range(3)}
    for path in files.values():
        tifffile.imwrite(path, rng.integers(0, 4, (20, 30)).astype(np.uint8))
    targets = [folder / name for name in files]

    assert [one.path for one in take_each(files, targets, n_classes=4)] == targets
    (tmp_path / "2.tif").write_bytes(b"no picture")
    with pytest.raises(StackError, match=r'"2\.tif" is another file, not a TIFF'):
        take_each(files, targets, n_classes=4)
    assert names(folder) == []


def test_a_photo_in_place_of_labels_is_an_error_of_labels(tmp_path, folder, rng):
    photo = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "x", photo, photometric="rgb")

    with pytest.raises(LabelError, match="colors other than pure blue"):
        take_each({"labels.tif": tmp_path / "x"}, [folder / "plain.tif"], n_classes=4)
    assert names(folder) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems have no limit on memory.")
def test_labels_are_held_to_the_same_memory(tmp_path, folder):
    image = np.zeros((9000, 9000), np.float64)
    tifffile.imwrite(tmp_path / "x", image, compression="zlib", rowsperstrip=9000)
    tight = replace(WEB_LIMITS, decode_bytes=900 * 2**20)

    with pytest.raises(StackError, match="memory"):
        take_each({"labels.tif": tmp_path / "x"}, [folder / "plain.tif"], 4, tight)
    assert names(folder) == []


def test_pictures_are_taken_and_what_must_be_doubted_is_told(tmp_path, folder, volume):
    image = (volume[0] >> 4).astype(np.uint8)
    for kind in ("PNG", "JPEG"):
        (tmp_path / kind).write_bytes(picture_bytes(image, kind))

    [png, jpeg] = take_each(
        {"a.png": tmp_path / "PNG", "a.jpg": tmp_path / "JPEG"},
        [folder / "png.tif", folder / "jpeg.tif"],
    )

    assert not png.warnings
    assert "changed the grey values" in jpeg.warnings[0]
    with open_stack(png.path) as stack:
        np.testing.assert_array_equal(stack.read_slice(0), image)


def test_label_slices_in_several_files_are_taken_as_one(tmp_path, folder):
    files = {}
    for z in (9, 10, 11):
        files[f"m{z}.png"] = tmp_path / f"{12 - z}"
        numbers = np.full((6, 8), z - 9, np.uint8)
        files[f"m{z}.png"].write_bytes(palette_bytes(numbers, list(SANDSTONE_RGB)))

    taken = take_labels(files, folder / "labels.tif", 4, Stack.from_array(np.zeros((3, 6, 8))))

    assert (taken.shape, taken.is_colored) == ((3, 6, 8), False)
    with open_stack(taken.path) as stack:
        assert [int(stack.read_slice(z).max()) for z in range(3)] == [0, 1, 2]


def test_labels_of_another_size_are_refused_before_they_are_unpacked(tmp_path, folder):
    source = tmp_path / "original-0"
    pages = (np.zeros((2000, 2000), np.uint8) for _ in range(100))
    tifffile.imwrite(source, pages, shape=(100, 2000, 2000), dtype=np.uint8, compression="zlib")
    stack = Stack.from_array(np.zeros((3, 60, 80)), "rock.tif")

    with pytest.raises(LabelError, match="but the labels are 100 slices of 2000 × 2000"):
        take_labels({"m.tif": source}, folder / "labels.tif", 4, stack)

    assert not [*folder.iterdir()]


def test_a_header_and_its_voxels_are_taken_together(tmp_path, folder, volume):
    (tmp_path / "original-0").write_text(
        "ObjectType = Image\nDimSize = 50 40 5\nElementType = MET_USHORT\nDistanceUnits = um\n"
        "ElementSpacing = 2 2 3\nElementDataFile = rock.raw\n"
    )
    (tmp_path / "original-1").write_bytes(volume.tobytes())

    files = {"rock.mhd": tmp_path / "original-0", "rock.raw": tmp_path / "original-1"}
    taken = take_upload(files, folder)

    assert taken.voxel_size_um == pytest.approx(2)
    with open_stack(taken.path) as stack:
        np.testing.assert_array_equal(read_all(stack), volume)
    with pytest.raises(StackError, match="is a header alone"):
        take_upload({"rock.mhd": tmp_path / "original-0"}, folder)


def test_raw_voxels_are_taken_as_the_visitor_says(tmp_path, folder, volume):
    (tmp_path / "x").write_bytes(b"head" + volume.astype(">u2").tobytes())
    with pytest.raises(UnknownLayoutError, match=r'"v\.raw" is a file of raw voxels'):
        take_upload({"v.raw": tmp_path / "x"}, folder)

    taken = take_upload(
        {"v.raw": tmp_path / "x"}, folder, wish=Wish(layout=RawFormat.parse("5x40x50,>u2,4"))
    )

    with open_stack(taken.path) as stack:
        np.testing.assert_array_equal(read_all(stack), volume)


def test_raw_slices_are_taken_in_the_order_of_their_numbers(tmp_path, folder, volume):
    files = {}
    for place, z in enumerate((2, 0, 3, 1, 4)):
        files[f"s{z + 8}.raw"] = tmp_path / str(place)
        files[f"s{z + 8}.raw"].write_bytes(volume[z].tobytes())

    taken = take_upload(files, folder, wish=Wish(layout=RawFormat.parse("1x40x50,u2")))

    with open_stack(taken.path) as stack:
        np.testing.assert_array_equal(read_all(stack), volume)


@pytest.mark.parametrize("setting", [QUOTA_SESSION, QUOTA_TOTAL, MIN_FREE])
def test_no_more_is_unpacked_than_there_is_room_for(tmp_path, folder, setting, monkeypatch):
    zeros = np.zeros((50, 1000, 1000), np.uint8)
    tifffile.imwrite(tmp_path / "x.tif", zeros, compression="zlib", metadata=None)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "x.tif", "x.tif")
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setenv(setting.name, str(free - 30 * 10**6 if setting is MIN_FREE else 2**20))

    with pytest.raises(SandsegError, match="50 MB") as caught:
        take_upload({"x.zip": tmp_path / "x.zip"}, folder)
    assert setting.name in caught.value.hint
    assert names(folder) == []
