"""The lines that common programs lay from grey values to black and white when they export."""

import numpy as np

from sandseg.grey.histograms import Line

COMMON_TOPS = (1.0, 255.0, 4095.0, 65535.0)  # white, where black is 0
DROPPED_SHARES = (0.001, 0.005, 0.01)  # outliers at both ends
CLIPPED_SHARE = 0.005  # of floats may lie outside 0 to 1 where that is their scale


def type_range(values: np.ndarray) -> Line:
    """Return the ends of the grey scale of a type: of the integer type, or 0 to 1 for floats."""
    if values.dtype.kind in "iu":
        limits = np.iinfo(values.dtype)
        return float(limits.min), float(limits.max)
    return 0.0, 1.0


def _fills_range(values: np.ndarray) -> bool:
    """Whether values can be on their type's scale: floats may have any, not only 0 to 1."""
    if values.dtype.kind != "f":
        return True
    if np.count_nonzero((values < 0) | (values > 1)) > CLIPPED_SHARE * values.size:
        return False
    return bool(np.percentile(values, 100 * (1 - DROPPED_SHARES[0])) > 0.5)


def plain_lines(values: np.ndarray) -> list[Line]:
    """Return the lines of common exports, the most usual first."""
    lowest, highest = values.min(), values.max()
    lines = [type_range(values)] if _fills_range(values) else []
    lines += [(0.0, top) for top in COMMON_TOPS if lowest >= 0 and top / 2 < highest <= top]
    lines.append((lowest, highest))
    above = values[values > lowest]  # where the surroundings are painted over with one value
    lines.append((above.min(), highest))
    for share in DROPPED_SHARES:
        lines.append(tuple(np.percentile(values, (100 * share, 100 * (1 - share)))))
    return [(float(low), float(high)) for low, high in lines if high > low]
