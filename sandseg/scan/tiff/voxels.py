"""The voxel size of a TIFF is read here: from what OME, ImageJ or its resolution tags say."""

import re
from html import unescape

import numpy as np
from tifffile import TiffFile, TiffPage

from sandseg.scan.tiff.layout import Layout

_MICRONS = {
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre"), 1.0),
    **{"nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6, "pm": 1e-6, "Å": 1e-4, "angstrom": 1e-4},
    **{"inch": 25_400.0, "in": 25_400.0},
}
# Printers' and cameras' resolutions, in dots per inch: they say nothing about the sample.
_DEFAULT_DPI = (1, 2.54, 72, 96, 100, 150, 200, 204, 240, 300, 350, 400, 600, 1200, 2400)
_PLAUSIBLE_UM = (1e-3, 2e3)


def find_voxel_size(tif: TiffFile, layout: Layout) -> tuple[float | None, list[str]]:
    """Return the edge of a pixel in µm, None where the file does not say, and notes."""
    page = layout.first
    sizes = (
        _ome_size(tif, layout.choices.series.chosen or 0)
        or _imagej_size(tif, page)
        or _resolution_size(page)
    )
    if sizes is None or not _PLAUSIBLE_UM[0] <= sizes[0] <= _PLAUSIBLE_UM[1]:
        return None, []
    x, y, z = sizes
    notes = []
    if abs(y / x - 1) > 0.01:
        notes.append(f"The pixels are not square: {x:.4g} µm wide, {y:.4g} µm high.")
    if z and abs(z / x - 1) > 0.01:
        notes.append(f"The slices are {z:.4g} µm apart, the pixels {x:.4g} µm wide.")
    return float(f"{x:.9g}"), notes  # what a ratio of two 32-bit numbers can carry


def _ome_size(tif: TiffFile, series: int) -> tuple[float, float, float] | None:
    found = re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", tif.ome_metadata or "" if tif.is_ome else "")
    pixels = found[series] if series < len(found) else ""
    sizes = []
    for axis in "XYZ":
        value = re.search(rf'\bPhysicalSize{axis}="([^"]+)"', pixels)
        unit = re.search(rf'\bPhysicalSize{axis}Unit="([^"]+)"', pixels)
        sizes.append(
            _number(value and value[1]) * _MICRONS.get(unescape(unit[1]) if unit else "µm", 0)
        )
    x, y, z = sizes
    return (x, y or x, z) if x > 0 else None


def _imagej_size(tif: TiffFile, page: TiffPage) -> tuple[float, float, float] | None:
    metadata = (tif.imagej_metadata or {}) if tif.is_imagej else {}
    unit = str(metadata.get("unit", "")).replace("\\u00B5", "µ").strip()
    x, y = _pixel_lengths(page)
    if unit not in _MICRONS or not x:
        return None
    depth = _number(metadata.get("spacing")) * _MICRONS[unit]
    # ImageJ itself writes the resolution per unit, or per centimeter where it says so.
    factor = _MICRONS["cm"] if page.tags.valueof(296) == 3 else _MICRONS[unit]
    return x * factor, y * factor, depth


def _resolution_size(page: TiffPage) -> tuple[float, float, float] | None:
    x, y = _pixel_lengths(page)
    factor = {2: _MICRONS["inch"], 3: _MICRONS["cm"]}.get(page.tags.valueof(296, 2))
    if not x or factor is None:
        return None
    dpi = _MICRONS["inch"] / (x * factor)
    if any(abs(dpi / default - 1) < 2e-3 for default in _DEFAULT_DPI):
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
