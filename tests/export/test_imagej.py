"""What ImageJ itself makes of the files taken home (Debian's package "imagej", and a JDK)."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.export.tiff import image_writer, label_writer

IMAGEJ = Path("/usr/share/java/ij.jar")
SHOW = Path(__file__).with_name("ShowTiff.java")

pytestmark = pytest.mark.slow


class Shown(NamedTuple):
    unit: str
    spacing: list[float]  # z, y, x
    values: np.ndarray
    colors: list[str]
    info: str


@pytest.fixture
def imagej(tmp_path):
    """Opens a TIFF in ImageJ."""
    if not IMAGEJ.is_file() or not shutil.which("javac"):
        pytest.skip("ImageJ is not installed: apt-get install imagej default-jdk-headless")

    def show(path):
        command = ["java", "-Djava.awt.headless=true", "-cp", str(IMAGEJ), str(SHOW)]
        run = subprocess.run(
            [*command, str(path), str(tmp_path / "values")],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        unit, spacing, shape, colors, info = run.stdout.split("\n", 4)
        shape = [int(length) for length in shape.split()]
        values = np.fromfile(tmp_path / "values", ">f4").reshape(shape)
        return Shown(unit, [float(x) for x in spacing.split()], values, colors.split(), info)

    return show


def test_imagej_shows_labels_with_their_names_colors_and_spacing(imagej, tmp_path, rng):
    labels = rng.integers(0, 4, (3, 12, 17)).astype(np.uint8)
    with label_writer(tmp_path / "l.tif", SANDSTONE, (3.25, 2.5, 2.0)) as out:
        out.write_all(labels)
        out.describe("file: Quarz größer.tif\nverdict: fits\n")

    shown = imagej(tmp_path / "l.tif")

    assert shown.unit == "um"
    np.testing.assert_allclose(shown.spacing, (3.25, 2.5, 2.0), rtol=1e-6)
    np.testing.assert_array_equal(shown.values, labels)
    assert shown.colors == [material.color for material in SANDSTONE]
    assert "label 0 = air (pores)\nlabel 1 = clay\n" in shown.info
    assert "verdict: fits" in shown.info


@pytest.mark.parametrize("spacing", [2.2315, (10.0, 0.05, 0.04), None])
def test_imagej_shows_confidence_as_it_is(imagej, tmp_path, rng, spacing):
    confidence = rng.random((3, 12, 17)).astype(np.float32)
    with image_writer(tmp_path / "c.tif", spacing, "SandSeg confidence\n") as out:
        out.write_all(confidence)
        out.describe("file: scan.tif\n")

    shown = imagej(tmp_path / "c.tif")

    np.testing.assert_array_equal(shown.values, confidence)
    assert shown.info.startswith("SandSeg confidence\n\nfile: scan.tif")
    if spacing is None:
        assert (shown.unit, shown.spacing) == ("pixel", [1, 1, 1])
    else:
        assert shown.unit == "um"
        np.testing.assert_allclose(shown.spacing, np.broadcast_to(spacing, 3), rtol=1e-6)


def test_imagej_reads_a_file_of_one_slice(imagej, tmp_path):
    with label_writer(tmp_path / "l.tif", SANDSTONE, 2.0) as out:
        out.write(np.eye(9, 7, dtype=np.uint8))

    shown = imagej(tmp_path / "l.tif")

    assert shown.spacing == [2.0, 2.0, 2.0]
    np.testing.assert_array_equal(shown.values, np.eye(9, 7)[None])
