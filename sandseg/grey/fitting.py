"""Lines from grey values to a model's scale: those of common exports, and the nearest one."""

import numpy as np

from sandseg.grey.histograms import N_COMPARED, Line, grey_histograms, histogram_distances

COMMON_TOPS = (1.0, 255.0, 4095.0, 65535.0)  # white, where black is 0
DROPPED_SHARES = (0.001, 0.005, 0.01)  # outliers at both ends
CLIPPED_SHARE = 0.005  # of floats may lie outside 0 to 1 where that is their scale


def ordered_values(values: np.ndarray) -> np.ndarray:
    """Sort some of the values; what is clipped or painted over at the ends stays away."""
    values = values.ravel()
    values = np.sort(values[:: max(1, values.size // N_COMPARED)].astype(np.float64))
    inner = values[(values > values[0]) & (values < values[-1])]
    return inner if inner.size and inner[0] < inner[-1] else values


def fitted_line(ordered: np.ndarray, reference: np.ndarray) -> tuple[Line, float]:
    """Search for the line with the nearest histogram, on ever finer grids; return its distance."""
    low, high = np.quantile(ordered, (0.005, 0.995))
    if low == high:
        low, high = ordered[0], ordered[-1]
    shortest, step, n_steps = (high - low) / 5, (high - low) / 10, 10
    for _ in range(4):
        offsets = step * np.arange(-n_steps, n_steps + 1)
        lines = [(a, b) for a in low + offsets for b in high + offsets if b - a >= shortest]
        histograms = grey_histograms(ordered, lines)
        distances = histogram_distances(histograms, reference, may_be_darker=False)
        low, high = lines[int(distances.argmin())]
        step, n_steps = step / 4, 5
    return (float(low), float(high)), float(distances.min())


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
