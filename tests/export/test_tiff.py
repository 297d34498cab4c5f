import io

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sandseg.atomic import write_text
from sandseg.classes import IGNORED, SANDSTONE, palette
from sandseg.errors import LabelError, SandsegError, StackError
from sandseg.export import tiff
from sandseg.export.tiff import (
    label_writer,
    labels_tiff_bytes,
    room_to_write,
    write_image,
    write_labels,
)
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels


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

    data = labels_tiff_bytes(labels, spacing_um=voxel_size_um)

    np.testing.assert_array_equal(read_labels(data), labels)


def test_the_file_and_the_download_are_the_same_bytes_however_the_slices_arrive(tmp_path, labels):
    data = labels_tiff_bytes(labels, SANDSTONE, 2.2315)
    write_labels(tmp_path / "array.tif", labels, SANDSTONE, 2.2315)
    write_labels(tmp_path / "stream.tif", (image for image in labels), SANDSTONE, 2.2315)

    assert (tmp_path / "array.tif").read_bytes() == data
    assert (tmp_path / "stream.tif").read_bytes() == data


def test_slices_are_pushed_and_the_file_appears_at_the_end(tmp_path, labels):
    path = tmp_path / "labels.tif"

    with label_writer(path, SANDSTONE, 2.2315) as out:
        for image in labels:
            out.write(image)
            assert not path.exists()

    assert path.read_bytes() == labels_tiff_bytes(labels, SANDSTONE, 2.2315)


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

    write_image(tmp_path / "c.tif", (image for image in confidence), 1.5)

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
    monkeypatch.setattr(tiff, "CLASSIC_LIMIT", 6000)

    data = labels_tiff_bytes(image for image in labels)
    write_labels(tmp_path / "big.tif", labels)

    assert (small[2], data[2]) == (42, 43)
    np.testing.assert_array_equal(read_labels(data), labels)
    assert (tmp_path / "big.tif").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["big.tif"]


def test_a_file_that_is_written_anew_needs_room_for_both():
    assert room_to_write(10**9) == 10**9
    assert room_to_write(5 * 10**9) == 5 * 10**9 + tiff.CLASSIC_LIMIT


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
        write_image(tmp_path / "i.tif", [])
    assert list(tmp_path.iterdir()) == []


def test_slices_of_different_size_are_refused(tmp_path, labels):
    with pytest.raises(LabelError, match=r"Slice 2 to write has the shape \(3, 31\)"):
        write_labels(tmp_path / "labels.tif", [labels[0], labels[1, :3]])
    with pytest.raises(LabelError, match="slices of one size"):
        write_image(tmp_path / "c.tif", [np.zeros(3)])
    with pytest.raises(LabelError, match="slices of one size"):
        labels_tiff_bytes([labels])


@pytest.mark.parametrize("write", [write_labels, write_image, write_text])
def test_a_place_that_cannot_be_written_is_named(tmp_path, write):
    path = tmp_path / "missing" / "file"
    content = "text" if write is write_text else np.zeros((1, 4, 5))
    with pytest.raises(SandsegError, match="cannot be written: No such file") as caught:
        write(path, content)
    assert "folder that exists" in caught.value.hint


def test_a_label_file_says_what_its_labels_mean(tmp_path):
    path = tmp_path / "labels.tif"

    write_labels(path, np.zeros((3, 8, 8), np.uint8))

    with tifffile.TiffFile(path) as tif:
        info = tif.imagej_metadata["Info"].splitlines()
        assert [page.tags.get(50839) is not None for page in tif.pages] == [True, False, False]
    assert info[1:] == [
        "label 0 = air (pores)",
        "label 1 = clay",
        "label 2 = quartz",
        "label 3 = pyrite",
    ]
