"""Voxel sizes as people's programs write them."""

import pytest
import tifffile

from sandseg.export.tiff import image_writer
from sandseg.scan.formats import open_stack
from tests.made_tiffs import tiff_bytes

UNITS = {
    **dict.fromkeys(
        ("um", "UM", "\\u00B5m", "\\u00b5m", "micron", "Microns", "micrometers", "um/px"), 2.0
    ),
    **dict.fromkeys(("um / pixel", "um per voxel", "Micrometre", "(um)"), 2.0),
    **{"MM": 2e3, "millimeters": 2e3, "nm": 2e-3, "cm": None, "pixel": None, "furlong": None},
}


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_understood_however_they_are_written(rng, unit):
    image = rng.integers(0, 99, (8, 8)).astype("u1")
    text = f"ImageJ=1.54f\nunit={unit}\n"

    stack = open_stack(tiff_bytes(image, resolution=(0.5, 0.5), metadata=None, description=text))

    assert stack.voxel_size_um == (UNITS[unit] and pytest.approx(UNITS[unit]))


@pytest.mark.parametrize("resolution_unit", ["NONE", "CENTIMETER", "INCH"])
def test_an_unknown_unit_is_named_and_no_other_tag_is_taken_for_it(rng, resolution_unit):
    image = rng.integers(0, 99, (2, 8, 8)).astype("u1")
    text = "ImageJ=1.54f\nimages=2\nslices=2\nunit=furlong\nspacing=6\n"
    options = {"resolution": (0.5, 0.25), "resolutionunit": resolution_unit, "metadata": None}

    stack = open_stack(tiff_bytes(image, **options, description=text))

    assert (stack.voxel_size_um, stack.aspect) == (None, (3, 2, 1))
    assert any('unit "furlong"' in note for note in stack.notes)


@pytest.mark.parametrize("unit", ["pixel", "pixels", "Px"])
def test_a_unit_of_pixels_says_that_no_length_is_known_whatever_another_tag_says(rng, unit):
    image = rng.integers(0, 99, (8, 8)).astype("u1")
    options = {"resolution": (4000, 4000), "resolutionunit": "CENTIMETER", "metadata": None}
    text = f"ImageJ=1.54f\nunit={unit}\n"

    assert open_stack(tiff_bytes(image, **options)).voxel_size_um == 2.5
    assert open_stack(tiff_bytes(image, **options, description=text)).voxel_size_um is None


def test_an_unknown_unit_of_ome_is_named_as_well(rng):
    image = rng.integers(0, 99, (8, 8)).astype("u1")
    metadata = {"axes": "YX", "PhysicalSizeX": 3, "PhysicalSizeXUnit": "kilofoot"}

    stack = open_stack(tiff_bytes(image, ome=True, metadata=metadata, resolution=(5e3, 5e3)))

    assert stack.voxel_size_um is None
    assert any('unit "kilofoot"' in note for note in stack.notes)


def test_a_width_that_no_scan_has_is_said_and_not_taken(rng):
    image = rng.integers(0, 99, (8, 8)).astype("u1")
    options = {"resolution": (0.5, 0.5), "metadata": None}

    stack = open_stack(tiff_bytes(image, **options, description="ImageJ=1.54f\nunit=cm\n"))

    assert stack.voxel_size_um is None
    assert any("20,000 µm wide" in note for note in stack.notes)


@pytest.mark.parametrize("dpi", [72, 96, 300, 600])
@pytest.mark.parametrize("text", [None, "ImageJ=1.54f\nunit=inch\n"])
def test_a_printers_resolution_is_no_voxel_size(rng, dpi, text):
    image = rng.integers(0, 99, (8, 8)).astype("u1")
    options = {"resolution": (dpi, dpi), "resolutionunit": "INCH", "metadata": None}

    stack = open_stack(tiff_bytes(image, **options, description=text))

    assert stack.voxel_size_um is None
    assert any(f"{dpi} dots per inch" in note for note in stack.notes)


@pytest.mark.parametrize(
    ("name", "spacing"),
    [
        ("inch96.tif", None),
        ("micrometers.tif", (2.23, 2.23, 2.23)),
        ("um_per_px.tif", (2.23, 2.23, 2.23)),
        ("ome_z5.ome.tif", (5, 2.23, 2.23)),
        ("z5.tif", (5, 2.23, 2.23)),
        ("y3.tif", (2.23, 3, 2.23)),
    ],
)
def test_peoples_files_keep_their_spacing_in_what_is_written(cases_dir, tmp_path, name, spacing):
    with open_stack(cases_dir / "voxel_units" / name) as stack:
        assert stack.spacing_um == (spacing and pytest.approx(spacing))
        with image_writer(tmp_path / "out.tif", stack.spacing_um) as out:
            out.write(stack.read_slice(0))

    with open_stack(tmp_path / "out.tif") as again:
        assert again.spacing_um == (spacing and pytest.approx(spacing))
    if spacing:
        with tifffile.TiffFile(tmp_path / "out.tif") as tif:
            assert tif.imagej_metadata["spacing"] == pytest.approx(spacing[0])
