import numpy as np
import pytest

from sandseg.scan.formats import open_stack
from tests.made_tiffs import pages_bytes, tiff_bytes


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


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


@pytest.mark.parametrize("metadata", [{"spacing": 1e9}, {"spacing": 1e-9}, {}])
def test_voxels_a_thousand_times_longer_than_wide_are_not_taken(volume, metadata):
    metadata = {"axes": "ZYX", "unit": "um"} | metadata
    height = 1 if "spacing" in metadata else 5e-7

    stack = open_stack(tiff_bytes(volume, imagej=True, resolution=(1, height), metadata=metadata))

    assert (stack.voxel_size_um, stack.aspect) == (None, (1, 1, 1))
    assert "more than a thousand times: not taken" in stack.notes[0]
