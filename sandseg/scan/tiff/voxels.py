"""The voxel size of a TIFF is read here: from what OME, ImageJ or its resolution tags say."""

import re
from html import unescape

import numpy as np
from tifffile import TiffFile, TiffPage

from sandseg.scan.tiff.layout import Layout

_MICRONS = {
    **dict.fromkeys(("um", "µm", "micron", "micrometer", "micrometre"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("m", "meter", "metre"), 1e6),
    **{"pm": 1e-6, "å": 1e-4, "angstrom": 1e-4},
    **dict.fromkeys(("inch", "inche", "in", '"'), 25_400.0),  # a plural has lost its s
}
_PER_PIXEL = re.compile(r"\s*(/|per)\s*(px|pix|pixel|voxel|vox|slice)s?$")
# Printers' and cameras' resolutions, in dots per inch: they say nothing about the sample.
_DEFAULT_DPI = (1, 2.54, 72, 96, 100, 150, 200, 204, 240, 300, 350, 400, 600, 1200, 2400)
LEAST_UM, MOST_UM = 1e-3, 2e3  # of an edge that is plausible
_MOST_STRETCHED = 1e3  # of one edge over another that is plausible


Spacing = tuple[float, float, float]  # between slices, height and width of a pixel
CUBE: Spacing = (1.0, 1.0, 1.0)
_NO_UNIT = "pixel"
_NO_LENGTHS = ("", "pixel", "px", "voxel", "reference frame", "none", "unit")


def find_voxel_size(tif: TiffFile, layout: Layout) -> tuple[float | None, Spacing, list[str]]:
    """Return the width of a pixel in µm, how far voxels lie apart in units of it, and notes.

    The width is None where the file does not say. Along z, y and x all is 1 where voxels are cubes.
    """
    return if_plausible(*_said_of_voxels(tif, layout))


def if_plausible(
    width: float | None, aspect: Spacing, notes: list[str]
) -> tuple[float | None, Spacing, list[str]]:
    """Return what a file says of its voxels, or that it is not taken: such lengths are errors."""
    longest = max(max(part, 1 / part) if part > 0 else np.inf for part in aspect)
    if longest <= _MOST_STRETCHED:
        return width, aspect, notes
    note = "The file's distances of voxels differ more than a thousand times: not taken."
    return None, CUBE, [note]


def _said_of_voxels(tif: TiffFile, layout: Layout) -> tuple[float | None, Spacing, list[str]]:
    page = layout.first
    if dpi := _default_dpi(tif, page):
        return None, CUBE, [_default_note(dpi)]
    series = layout.choices.series.chosen or 0
    if unit := _unknown_unit(tif, series):
        note = f'The unit "{unit}" of the file is no known length, so its voxel size is not known.'
        return None, _aspect_alone(tif, page), [note]
    sizes = _ome_size(tif, series) or _imagej_size(tif, page)
    if not sizes and not str(_imagej(tif).get("unit", "")).strip():  # one in pixels is no length
        sizes = _resolution_size(page)
    if sizes is None:
        return None, _aspect_alone(tif, page), []
    if not LEAST_UM <= sizes[0] <= MOST_UM:
        note = (
            f"The file says that a pixel is {sizes[0]:,.6g} µm wide, which no scan's is: not taken."
        )
        return None, _aspect_alone(tif, page), [note]
    x, y, z = (float(f"{size:.9g}") for size in sizes)  # what a ratio of 32-bit numbers can carry
    notes = _shape_notes(x, y)
    if z and abs(z / x - 1) > 0.01:
        notes.append(f"The slices are {z:.4g} µm apart, the pixels {x:.4g} µm wide.")
    return x, ((z or x) / x, y / x, 1.0), notes


def size_of_dots(x_dots: float, y_dots: float) -> tuple[float | None, float | None, list[str]]:
    """Return width and height of a pixel in µm of its dots per inch along x and y, and notes.

    Both are None where these say nothing of the sample: they are missing, not plausible, or a
    printer's default.
    """
    if not (np.isfinite([x_dots, y_dots]).all() and x_dots > 0 and y_dots > 0):
        return None, None, []
    if dpi := _known_dpi(x_dots):
        return None, None, [_default_note(dpi)] * (dpi in _DEFAULT_DPI[2:])
    x, y = (float(f"{_MICRONS['inch'] / dots:.6g}") for dots in (x_dots, y_dots))
    if not LEAST_UM <= x <= MOST_UM:
        return None, None, []
    return x, y, _shape_notes(x, y)


def _shape_notes(x: float, y: float) -> list[str]:
    if abs(y / x - 1) <= 0.01:
        return []
    return [f"The pixels are not square: {x:.4g} µm wide, {y:.4g} µm high."]


def _default_note(dpi: float) -> str:
    return f"The file's {dpi:g} dots per inch are a printer's default, no voxel size."


def _known_dpi(dpi: float) -> float | None:
    return next((known for known in _DEFAULT_DPI if abs(dpi / known - 1) < 2e-3), None)


def aspect_options(aspect: Spacing) -> dict:
    """Return options of a TIFF writer that keep the shape of voxels, but not their size."""
    if aspect == CUBE:
        return {}
    z, y, _ = aspect
    text = f"ImageJ=1.54f\nunit={_NO_UNIT}\nspacing={z:.9g}\nloop=false\n"
    return {"resolution": (1e6, 1e6 / y), "resolutionunit": "NONE", "description": text}


def _unknown_unit(tif: TiffFile, series: int) -> str:
    """Return the unit that lengths are given in where it is no length; "" for pixels or none."""
    unit = _imagej(tif).get("unit", "")
    if pixels := _ome_pixels(tif, series):
        written = re.search(r'\bPhysicalSizeXUnit="([^"]+)"', pixels)
        unit = written[1] if written and "PhysicalSizeX=" in pixels else ""
    unit = str(unit).strip()
    return "" if microns(unit) or unit.casefold().rstrip("s") in _NO_LENGTHS else unit


def _imagej(tif: TiffFile) -> dict:
    return (tif.imagej_metadata or {}) if tif.is_imagej else {}


def _aspect_alone(tif: TiffFile, page: TiffPage) -> Spacing:
    """Return how far voxels lie apart in units of a pixel's width, where the unit is unknown."""
    metadata = _imagej(tif)
    x, y = _pixel_lengths(page)
    if not metadata.get("unit") or not x:
        return CUBE
    is_one = metadata["unit"] == _NO_UNIT  # as `aspect_options` writes it: the width is 1
    depth = _number(metadata.get("spacing")) / (1 if is_one else x)
    return depth or 1.0, float(f"{y / x:.6g}"), 1.0


def _default_dpi(tif: TiffFile, page: TiffPage) -> float | None:
    """Return the resolution of a printer or a screen, where that is all that a file tells."""
    unit = str(_imagej(tif).get("unit", ""))
    x, _ = _pixel_lengths(page)
    per_unit = microns(unit) if unit else {2: _MICRONS["inch"]}.get(page.tags.valueof(296, 2))
    if not x or tif.is_ome or per_unit != _MICRONS["inch"]:
        return None
    dpi = _known_dpi(1 / x)
    return dpi if dpi in _DEFAULT_DPI[2:] else None


def microns(unit: str) -> float:
    """Return how many µm a unit is, however it is written; 0 for none that is known."""
    text = unescape(unit).replace("\\u00B5", "µ").replace("\\u00b5", "µ").replace("μ", "µ")
    text = _PER_PIXEL.sub("", text.strip().casefold().replace("μ", "µ")).strip("()[]. ")
    return _MICRONS.get(text) or _MICRONS.get(text.removesuffix("s"), 0.0)


def _ome_pixels(tif: TiffFile, series: int) -> str:
    found = re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", tif.ome_metadata or "" if tif.is_ome else "")
    return found[series] if series < len(found) else ""


def _ome_size(tif: TiffFile, series: int) -> tuple[float, float, float] | None:
    pixels = _ome_pixels(tif, series)
    sizes = []
    for axis in "XYZ":
        value = re.search(rf'\bPhysicalSize{axis}="([^"]+)"', pixels)
        unit = re.search(rf'\bPhysicalSize{axis}Unit="([^"]+)"', pixels)
        sizes.append(_number(value and value[1]) * microns(unit[1] if unit else "µm"))
    x, y, z = sizes
    return (x, y or x, z) if x > 0 else None


def _imagej_size(tif: TiffFile, page: TiffPage) -> tuple[float, float, float] | None:
    metadata = _imagej(tif)
    per_unit = microns(str(metadata.get("unit", "")))
    x, y = _pixel_lengths(page)
    if not per_unit or not x:
        return None
    depth = _number(metadata.get("spacing")) * per_unit
    # ImageJ itself writes the resolution per unit, or per centimeter where it says so.
    factor = _MICRONS["cm"] if page.tags.valueof(296) == 3 else per_unit
    return x * factor, y * factor, depth


def _resolution_size(page: TiffPage) -> tuple[float, float, float] | None:
    x, y = _pixel_lengths(page)
    factor = {2: _MICRONS["inch"], 3: _MICRONS["cm"]}.get(page.tags.valueof(296, 2))
    if not x or factor is None:
        return None
    if _known_dpi(_MICRONS["inch"] / (x * factor)):
        return None
    return x * factor, y * factor, 0.0


def _pixel_lengths(page: TiffPage) -> tuple[float, float]:
    """Return width and height of a pixel in the file's resolution unit, 0 where not given."""
    lengths = []
    for tag in (282, 283):
        value = page.tags.valueof(tag)
        is_ratio = isinstance(value, tuple) and len(value) == 2 and all(value)
        lengths.append(value[1] / value[0] if is_ratio else 0.0)
    return lengths[0], lengths[1] or lengths[0]


def _number(value: object) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if np.isfinite(number) and number > 0 else 0.0
