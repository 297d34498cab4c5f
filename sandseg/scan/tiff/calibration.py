"""Grey values as ImageJ shows them, where they are not those it stores."""

from dataclasses import replace

import numpy as np
from tifffile import TiffFile

from sandseg.scan.colors import GreyReading

_STRAIGHT_LINE = 0  # ImageJ's number for the function c0 + c1 × stored
SIGN_OFFSET = 32768


def calibrated(grey: GreyReading, tif: TiffFile) -> GreyReading:
    """Read signed 16 bit, which ImageJ stores with an offset, as it shows it; note other lines."""
    metadata = (tif.imagej_metadata or {}) if tif.is_imagej else {}
    try:
        function = int(metadata.get("cf", _STRAIGHT_LINE))
        offset, factor = float(metadata.get("c0", 0)), float(metadata.get("c1", 1))
    except (TypeError, ValueError):
        return grey
    if function == _STRAIGHT_LINE and (offset, factor) == (0, 1):
        return grey
    is_signed = function == _STRAIGHT_LINE and (offset, factor) == (-SIGN_OFFSET, 1)
    if is_signed and grey.dtype == np.uint16:
        note = "Signed 16 bit, stored with an offset of 32768: read as ImageJ shows it."
        return GreyReading(
            lambda raw: (grey.to_grey(raw) ^ np.uint16(SIGN_OFFSET)).view(np.int16),
            np.dtype(np.int16),
            (*grey.notes, note),
        )
    shown = f"{offset:g} + {factor:g} × stored" if function == _STRAIGHT_LINE else "calibrated"
    note = f"ImageJ shows other grey values ({shown}) than the stored ones, which are read here."
    return replace(grey, notes=(*grey.notes, note))
