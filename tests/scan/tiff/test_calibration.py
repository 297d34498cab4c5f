import numpy as np
import pytest
import tifffile

from sandseg.errors import ConfigError
from sandseg.grey.mapping import choose_mapping
from sandseg.scan.formats import open_stack

FLAT = np.full(256, 1 / 256)


def write(path, stored, **calibration):
    tifffile.imwrite(path, stored, imagej=True, metadata={"axes": "ZYX", **calibration})


@pytest.fixture
def stored(rng):
    return rng.integers(31768, 34768, (3, 20, 30), dtype=np.uint16)


def test_signed_values_are_those_imagej_shows(tmp_path, stored):
    write(tmp_path / "a.tif", stored, cf=0, c0=-32768.0, c1=1.0)

    with open_stack(tmp_path / "a.tif") as stack:
        assert stack.dtype == np.int16
        np.testing.assert_array_equal(stack.read_slice(1), stored[1].astype(int) - 32768)
        mapping = choose_mapping(stack, FLAT, "-1000,2000")
        assert (mapping.low, mapping.high) == (-1000, 2000)


def test_another_calibration_is_named_where_its_values_are_asked_for(tmp_path, stored):
    write(tmp_path / "a.tif", stored, cf=0, c0=-3000.0, c1=0.1)

    with open_stack(tmp_path / "a.tif") as stack:
        np.testing.assert_array_equal(stack.read_slice(0), stored[0])
        with pytest.raises(ConfigError, match="nearly all of the scan becomes white") as caught:
            choose_mapping(stack, FLAT, "100,500")
    assert "-3000 + 0.1 × stored" in caught.value.hint


@pytest.mark.parametrize("calibration", [{}, {"cf": 0, "c0": 0.0, "c1": 1.0}, {"c0": "x"}])
def test_without_a_calibration_nothing_is_said(tmp_path, stored, calibration):
    write(tmp_path / "a.tif", stored, **calibration)

    with open_stack(tmp_path / "a.tif") as stack:
        assert stack.dtype == np.uint16
        assert not [note for note in stack.notes if "ImageJ" in note]


def test_the_signed_scan_of_the_cases_takes_the_values_imagej_shows(cases_dir):
    with open_stack(cases_dir / "imagej_kinds/signed16.tif") as stack:
        middle = stack.read_slice(1)

    assert -1000 <= middle.min() < middle.max() <= 2000
