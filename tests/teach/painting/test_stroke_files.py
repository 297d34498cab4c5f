import numpy as np
import pytest
import tifffile

from sandseg.classes import SANDSTONE
from sandseg.errors import SandsegError, TeachError
from sandseg.export.tiff import labels_tiff_bytes
from sandseg.teach.painting.events import parse_classes
from sandseg.teach.painting.stroke_files import classes_in, read_strokes, strokes_tiff
from sandseg.teach.painting.strokes import Painting

SHAPE = (4, 40, 50)
CLASSES = [
    {"name": "Porenraum (pores)", "color": "#112233", "is_pore": True},
    {"name": "clay = grey", "color": "#aa5500", "is_pore": False},
    {"name": "grain", "color": "#99bbdd", "is_pore": False},
]


@pytest.fixture
def strokes():
    values = np.zeros(SHAPE, np.uint8)
    values[0, 5:9, 5:20], values[2, 30:33, 1:40] = 1, 3
    return values


def written(tmp_path, values, **kwargs):
    path = tmp_path / "strokes.tif"
    tifffile.imwrite(path, values, **{"photometric": "minisblack"} | kwargs)
    return path


def test_what_is_exported_comes_back_with_its_classes(tmp_path):
    painting = Painting(SHAPE)
    painting.play({"id": "classes-1", "do": "classes", "classes": CLASSES})
    for number, (value, at) in enumerate([(1, 0), (3, 0), (2, 2)]):
        event = {"id": f"paint-{number:04d}", "do": "paint", "axis": "z", "tool": "brush"}
        points = [[5 + 10 * number, 5], [30, 30]]
        painting.play(event | {"at": at, "value": value, "size": 4, "points": points})
    path = tmp_path / "strokes.tif"
    path.write_bytes(strokes_tiff(painting))

    found = read_strokes(path, SHAPE)

    assert set(found) == {0, 2}
    assert all((found[z] == painting.slice_values(z)).all() for z in found)
    assert classes_in(path) == painting.classes == parse_classes(CLASSES)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_numbers_of_any_type_are_read(tmp_path, strokes, dtype):
    found = read_strokes(written(tmp_path, strokes.astype(dtype)), SHAPE)

    assert set(found) == {0, 2}
    assert all((found[z] == strokes[z]).all() for z in found)


def test_a_file_of_another_program_names_no_classes(tmp_path, strokes):
    assert classes_in(written(tmp_path, strokes)) == ()


def test_labels_of_a_segmentation_name_no_strokes(tmp_path, strokes):
    path = tmp_path / "labels.tif"
    path.write_bytes(labels_tiff_bytes(strokes, SANDSTONE))

    assert classes_in(path) == ()


def test_colors_of_the_classes_are_read_on_black(tmp_path, strokes):
    classes = parse_classes(CLASSES)
    table = np.array([(0, 0, 0), *(c.rgb for c in classes)], np.uint8)

    found = read_strokes(written(tmp_path, table[strokes], photometric="rgb"), SHAPE, classes)

    assert all((found[z] == strokes[z]).all() for z in (0, 2))


def test_colors_that_are_no_classes_are_refused(tmp_path, strokes):
    table = np.array([(0, 0, 0), (17, 34, 51), (0, 255, 0), (250, 0, 0)], np.uint8)
    path = written(tmp_path, table[strokes], photometric="rgb")

    with pytest.raises(TeachError, match="#fa0000 is no color of a class"):
        read_strokes(path, SHAPE, parse_classes(CLASSES))


def test_another_size_is_refused_before_a_pixel_is_decoded(tmp_path, strokes):
    path = written(tmp_path, strokes[:, :, :-1].copy(), compression="zlib", rowsperstrip=40)
    with tifffile.TiffFile(path) as tif:
        start = tif.pages[0].dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[start : start + 20] = b"\xff" * 20  # nothing of it can be decoded
    path.write_bytes(content)

    with pytest.raises(TeachError, match="4 slices of 40 × 49 pixels, but the image is 4 slices"):
        read_strokes(path, SHAPE)


@pytest.mark.parametrize("wrong", [4, 255])
def test_a_value_that_is_no_class_is_refused(tmp_path, strokes, wrong):
    strokes[1, 3, 3] = wrong

    with pytest.raises(TeachError, match=f"no class: {wrong}; classes are 1 to 3"):
        read_strokes(written(tmp_path, strokes), SHAPE, parse_classes(CLASSES))


def test_fractions_and_negative_numbers_are_no_classes(tmp_path, strokes):
    for wrong in (-1.0, 0.5, np.nan):
        values = strokes.astype(np.float32)
        values[1, 3, 3] = wrong
        with pytest.raises(TeachError, match="no class"):
            read_strokes(written(tmp_path, values), SHAPE)


def test_what_is_no_tiff_is_refused(tmp_path):
    path = tmp_path / "strokes.tif"
    path.write_text("no picture")

    with pytest.raises(SandsegError):
        read_strokes(path, SHAPE)
    with pytest.raises(SandsegError):
        classes_in(path)
