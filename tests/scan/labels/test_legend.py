import numpy as np
import pytest
import tifffile

from sandseg.classes import SANDSTONE
from sandseg.export.tiff import labels_tiff_bytes
from sandseg.scan.labels.legend import LABELS, STROKES, Legend, legend_of
from sandseg.scan.limits import WEB_LIMITS
from sandseg.teach.painting.stroke_files import file_classes

VALUES = np.array([[0, 1], [2, 3]], np.uint8)


def written(path, classes):
    path.write_bytes(labels_tiff_bytes([VALUES], classes))
    return legend_of(path, WEB_LIMITS)


def test_a_stroke_file_names_its_classes_from_1_with_their_colors(tmp_path):
    found = written(tmp_path / "strokes.tif", file_classes(SANDSTONE))

    assert found.kind == STROKES
    told = [(one.value, one.name, one.color, one.is_pore) for one in found.classes]
    meant = [(one.value + 1, one.name, one.color.lower(), one.is_pore) for one in SANDSTONE]
    assert told == meant


def test_a_label_file_is_known_as_such(tmp_path):
    assert written(tmp_path / "labels.tif", SANDSTONE).kind == LABELS


@pytest.mark.parametrize("write", [tifffile.imwrite, lambda path, values: path.write_bytes(b"8")])
def test_what_others_wrote_says_nothing(tmp_path, write):
    write(tmp_path / "other.tif", VALUES)

    assert legend_of(tmp_path / "other.tif", WEB_LIMITS) == Legend()
    assert legend_of(tmp_path, WEB_LIMITS) == Legend()
