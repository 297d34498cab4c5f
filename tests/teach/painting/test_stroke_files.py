from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
import tifffile
from PIL import Image

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


def test_labels_of_a_segmentation_are_no_strokes_as_their_0_is_a_class(tmp_path, strokes):
    path = tmp_path / "labels.tif"
    path.write_bytes(labels_tiff_bytes(strokes, SANDSTONE))

    with pytest.raises(TeachError, match="0 is a class"):
        classes_in(path)


def in_picture(path, values):
    Image.fromarray(values[0]).save(path)


def in_zip(path, values):
    with ZipFile(path, "w") as archive:
        for z, one in enumerate(values):
            content = BytesIO()
            Image.fromarray(one).save(content, "PNG")
            archive.writestr(f"strokes_{z:03d}.png", content.getvalue())


def in_folder(path, values):
    path.mkdir()
    for z, one in enumerate(values):
        tifffile.imwrite(path / f"strokes_{z:03d}.tif", one)


def in_pages(path, values):
    with tifffile.TiffWriter(path) as writer:
        for one in values:
            writer.write(one, contiguous=False, metadata=None)


NAPARI = {"photometric": "minisblack", "compression": "zlib"}
FORMS = {
    # as napari saves a layer of labels, and as ilastik exports them
    "napari.tif": lambda path, v: tifffile.imwrite(path, v.astype(np.int32), **NAPARI),
    "napari_int64.tif": lambda path, v: tifffile.imwrite(path, v.astype(np.int64), **NAPARI),
    "ilastik.npy": lambda path, v: np.save(path, v[..., None]),
    "ilastik_5d.npy": lambda path, v: np.save(path, v[None, ..., None]),
    "ilastik_multipage.tif": in_pages,
    "imagej.tif": lambda path, v: tifffile.imwrite(path, v, imagej=True, metadata={"axes": "ZYX"}),
    "ome.ome.tif": lambda path, v: tifffile.imwrite(path, v, metadata={"axes": "ZYX"}, ome=True),
    "big_endian.tif": lambda path, v: tifffile.imwrite(
        path, v.astype(">u2"), byteorder=">", photometric="minisblack"
    ),
    "slices.zip": in_zip,
    "slices": in_folder,
}


@pytest.mark.parametrize("form", FORMS)
def test_strokes_of_other_programs_are_read(tmp_path, strokes, form):
    FORMS[form](tmp_path / form, strokes)

    found = read_strokes(tmp_path / form, SHAPE)

    assert classes_in(tmp_path / form) == ()
    assert set(found) == {0, 2}
    assert all((found[z] == strokes[z]).all() for z in found)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_a_picture_holds_the_strokes_of_one_slice(tmp_path, strokes, ending):
    path = tmp_path / f"strokes.{ending}"
    in_picture(path, strokes)

    assert (read_strokes(path, (1, *SHAPE[1:]))[0] == strokes[0]).all()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("points.roi", b"Iout\0\xe4" + bytes(80), "an ImageJ selection"),
        ("rock.labeling", b'{"interval": {}, "labels": {}}', "a labeling of Labkit"),
        ("project.ilp", b"\x89HDF\r\n\x1a\n" + bytes(80), "an ilastik project"),
        ("labels.h5", b"\x89HDF\r\n\x1a\n" + bytes(80), "an HDF5 file"),
        ("empty.tif", b"", "empty.tif"),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "cut.png"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_way_out(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SandsegError, match=says) as refused:
        read_strokes(tmp_path / name, SHAPE)
    assert refused.value.hint


def test_a_mask_of_0_and_255_and_a_colored_picture_are_refused(tmp_path, strokes):
    mask = np.where(strokes > 0, 255, 0).astype(np.uint8)
    written(tmp_path, mask).rename(tmp_path / "mask.tif")
    table = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (200, 30, 99)], np.uint8)
    in_picture(tmp_path / "colored.png", table[strokes])

    with pytest.raises(TeachError, match="no class: 255"):
        read_strokes(tmp_path / "mask.tif", SHAPE)
    with pytest.raises(TeachError, match="are colors, and a class is a number"):
        read_strokes(tmp_path / "colored.png", (1, *SHAPE[1:]))


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

    with pytest.raises(SandsegError, match="strokes.tif"):
        read_strokes(path, SHAPE)
    with pytest.raises(SandsegError, match=r'no strokes "absent.tif"'):
        read_strokes(tmp_path / "absent.tif", SHAPE)
