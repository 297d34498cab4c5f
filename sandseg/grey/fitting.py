"""The line that makes the histogram of some grey values most like a model's."""

import numpy as np

from sandseg.grey.histograms import N_COMPARED, Line, grey_histograms, histogram_distances


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
