import csv
import io

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sandseg.classes import IGNORED, SANDSTONE, palette
from sandseg.errors import LabelError, SandsegError, StackError
from sandseg.export import tiff as export
from sandseg.export.tiff import (
    encode_jpeg,
    encode_palette_png,
    encode_png,
    fractions_csv,
    labels_tiff_bytes,
    safe_name,
    write_confidence,
    write_image,
    write_labels,
    write_text,
)
from sandseg.scan.formats import open_stack, read_labels


@pytest.fixture
def labels(rng):
    return rng.integers(0, 4, (5, 24, 31)).astype(np.uint8)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(2, 40)),
    voxel_size_um=st.none() | st.floats(0.01, 500),
)
def test_labels_come_back_as_they_were_written(shape, voxel_size_um):
    labels = np.random.default_rng(2).integers(0, 4, shape).astype(np.uint8)
    labels[0, 0, :2] = 0, IGNORED

    data = labels_tiff_bytes(labels, voxel_size_um=voxel_size_um)

    np.testing.assert_array_equal(read_labels(data), labels)


def test_the_file_and_the_download_are_the_same_bytes_however_the_slices_arrive(tmp_path, labels):
    data = labels_tiff_bytes(labels, SANDSTONE, 2.2315)
    write_labels(tmp_path / "array.tif", labels, SANDSTONE, 2.2315)
    write_labels(tmp_path / "stream.tif", (image for image in labels), SANDSTONE, 2.2315)

    assert (tmp_path / "array.tif").read_bytes() == data
    assert (tmp_path / "stream.tif").read_bytes() == data


def test_label_pages_are_compressed_and_in_the_classes_colors(labels):
    with tifffile.TiffFile(io.BytesIO(labels_tiff_bytes(labels))) as tif:
        assert len(tif.pages) == len(labels)
        for page in tif.pages:
            assert page.dtype == np.uint8
            assert page.photometric == tifffile.PHOTOMETRIC.PALETTE
            assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
            np.testing.assert_array_equal(page.colormap.T // 257, palette(SANDSTONE))


def test_other_programs_read_labels_and_voxel_size(labels):
    data = labels_tiff_bytes(labels, SANDSTONE, 2.2315)

    with tifffile.TiffFile(io.BytesIO(data)) as tif:
        assert (tif.series[0].axes, tif.series[0].shape) == ("ZYX", labels.shape)
        assert tif.imagej_metadata["unit"] == "um"
        assert tif.imagej_metadata["spacing"] == 2.2315
        assert tif.imagej_metadata["slices"] == len(labels)
        pixels, length = tif.pages.first.tags["XResolution"].value
        assert 1e4 * length / pixels == pytest.approx(2.2315)
        assert tif.pages.first.resolutionunit == tifffile.RESUNIT.CENTIMETER
    image = Image.open(io.BytesIO(data))
    assert image.n_frames == len(labels)
    np.testing.assert_array_equal(np.asarray(image), labels[0])
    assert image.convert("RGB").getpixel((0, 0)) == SANDSTONE[labels[0, 0, 0]].rgb


def test_confidence_comes_back_with_its_voxel_size(tmp_path, rng):
    confidence = rng.random((3, 24, 31)).astype(np.float32)

    write_confidence(tmp_path / "c.tif", (image for image in confidence), 1.5)

    with open_stack(tmp_path / "c.tif") as stack:
        assert (stack.shape, stack.dtype) == (confidence.shape, np.float32)
        assert (stack.voxel_size_um, stack.axes, stack.notes) == (1.5, "ZYX", ())
        np.testing.assert_array_equal(stack.read_slice(2), confidence[2])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_an_image_comes_back_in_its_own_type(tmp_path, rng, dtype):
    image_stack = rng.integers(0, 250, (3, 24, 31)).astype(dtype)

    write_image(tmp_path / "image.tif", image_stack, 2.5)

    with open_stack(tmp_path / "image.tif") as stack:
        assert (stack.shape, stack.dtype, stack.voxel_size_um) == ((3, 24, 31), dtype, 2.5)
        np.testing.assert_array_equal(stack.read_slice(2), image_stack[2])


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "int16", "uint32", "float32", "float64"])
def test_grey_values_of_any_type_come_back_with_their_voxel_size(tmp_path, rng, dtype):
    images = rng.integers(0, 256, (3, 24, 31)).astype(dtype)

    write_image(tmp_path / "image.tif", (image for image in images), 1.5)

    with open_stack(tmp_path / "image.tif") as stack:
        assert (stack.shape, stack.dtype) == (images.shape, images.dtype.newbyteorder("="))
        assert (stack.voxel_size_um, stack.axes, stack.notes) == (1.5, "ZYX", ())
        np.testing.assert_array_equal([stack.read_slice(z) for z in range(3)], images)


def test_a_file_that_outgrows_a_classic_tiff_becomes_a_bigtiff(tmp_path, labels, monkeypatch):
    small = labels_tiff_bytes(labels)
    monkeypatch.setattr(export, "CLASSIC_LIMIT", 6000)

    data = labels_tiff_bytes(image for image in labels)
    write_labels(tmp_path / "big.tif", labels)

    assert (small[2], data[2]) == (42, 43)
    np.testing.assert_array_equal(read_labels(data), labels)
    assert (tmp_path / "big.tif").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["big.tif"]


def test_an_error_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path, labels):
    path = tmp_path / "labels.tif"
    path.write_text("old")

    def broken():
        yield labels[0]
        raise StackError("The second slice is damaged.")

    with pytest.raises(StackError, match="second slice"):
        write_labels(path, broken())

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_slices_are_refused(tmp_path):
    with pytest.raises(LabelError, match="no slices to write"):
        write_labels(tmp_path / "labels.tif", iter(()))
    with pytest.raises(LabelError, match="no slices to write"):
        labels_tiff_bytes([])
    with pytest.raises(LabelError, match="no slices to write"):
        write_confidence(tmp_path / "c.tif", [])
    with pytest.raises(LabelError, match="no slices to write"):
        write_image(tmp_path / "i.tif", [])
    assert list(tmp_path.iterdir()) == []


def test_slices_of_different_size_are_refused(tmp_path, labels):
    with pytest.raises(LabelError, match=r"Slice 2 to write has the shape \(3, 31\)"):
        write_labels(tmp_path / "labels.tif", [labels[0], labels[1, :3]])
    with pytest.raises(LabelError, match="slices of one size"):
        write_confidence(tmp_path / "c.tif", [np.zeros(3)])
    with pytest.raises(LabelError, match="slices of one size"):
        labels_tiff_bytes([labels])


@pytest.mark.parametrize("write", [write_labels, write_confidence, write_image, write_text])
def test_a_place_that_cannot_be_written_is_named(tmp_path, write):
    path = tmp_path / "missing" / "file"
    content = "text" if write is write_text else np.zeros((1, 4, 5))
    with pytest.raises(SandsegError, match="cannot be written: No such file") as caught:
        write(path, content)
    assert "folder that exists" in caught.value.hint


def test_text_is_written_whole(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "µm\n")
    write_text(path, "Porosität\n")

    assert path.read_bytes() == "Porosität\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_png_holds_the_very_colors(rng):
    rgb = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)

    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(rgb)))), rgb)


def test_a_palette_png_holds_the_labels_in_the_classes_colors(labels):
    image = Image.open(io.BytesIO(encode_palette_png(labels[0])))

    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), labels[0])
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), palette()[labels[0]])


def test_a_jpeg_is_near_the_grey_values():
    grey = np.tile(np.arange(64, dtype=np.uint8) * 3, (32, 1))

    image = Image.open(io.BytesIO(encode_jpeg(grey)))

    assert (image.format, image.mode) == ("JPEG", "L")
    assert np.abs(np.asarray(image).astype(int) - grey).max() <= 8
    assert len(encode_jpeg(grey, quality=30)) < len(encode_jpeg(grey, quality=95))


def test_the_table_has_a_row_for_each_slice_and_the_pores_sum():
    text = fractions_csv(np.array([[0.25, 0.125, 0.5, 0.125], [np.nan] * 4]), first_slice=3)

    assert list(csv.DictReader(io.StringIO(text))) == [
        {
            "slice": "4",
            "air": "0.250000",
            "clay": "0.125000",
            "quartz": "0.500000",
            "pyrite": "0.125000",
            "porosity": "0.250000",
        },
        dict.fromkeys(["air", "clay", "quartz", "pyrite", "porosity"], "") | {"slice": "5"},
    ]


@given(name=st.text(max_size=30))
def test_a_safe_name_is_a_plain_file_name(name):
    safe = safe_name(name)

    assert safe
    assert set(safe) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not safe.startswith((".", "-"))
    assert len(safe) <= 166
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sandstone_Versa0300.tif", "Sandstone_Versa0300.tif"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\Grès n°3.tif", "Gres_n_3.tif"),
        ("", "file"),
        ("...", "file"),
        ("岩石", "file"),
        ("岩石.tif", "file.tif"),
        ("nul.tif", "file_nul.tif"),
        (".hidden", "file.hidden"),
        ("x" * 300 + ".tif", "x" * 80 + ".tif"),
    ],
)
def test_names_for_downloads(name, expected):
    assert safe_name(name) == expected
