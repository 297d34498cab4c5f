"""Bring the grey values of any scan onto the scale a model was trained on.

The whole stack is mapped by one straight line, never a slice or a tile by itself: neighbouring
pieces keep their grey values relative to each other, so that no seams appear.
"""

from dataclasses import dataclass

import numpy as np

from sandseg.errors import StackError
from sandseg.stack import Stack

N_BINS = 256
N_SAMPLED_SLICES = 24  # evenly spread over a stack; enough for a histogram
N_SAMPLED_PIXELS = 200_000  # of each sampled slice
# Grey values at the ends of the scale are clipped there by the scanner; how many says how much of
# the picture lies outside the sample, not which scale it is on.
CLIPPED_BINS = 3
FITS = 0.04  # mean shift of the histogram, as a share of the scale, up to which nothing is changed
DOUBTFUL = 0.08
FOREIGN = 0.16


@dataclass(frozen=True)
class GreyMapping:
    """A straight line from the grey values of a stack to [0, 1], clipped at both ends."""

    low: float  # grey value that becomes 0
    high: float  # grey value that becomes 1
    kind: str = "identity"  # "identity", "matched" (found by comparing histograms) or "manual"
    distance: float = 0.0  # of the mapped histogram from the model's, as a share of the scale

    def __post_init__(self):
        if not (np.isfinite(self.low) and np.isfinite(self.high)) or self.low == self.high:
            raise StackError(
                f"Grey values from {self.low:g} to {self.high:g} span no range.",
                hint="Give two different grey values: one for black, one for white.",
            )

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Map (Y, X) grey values of any type to (Y, X) float32 in [0, 1]."""
        scale = np.float32(1.0 / (self.high - self.low))
        mapped = (image.astype(np.float32) - np.float32(self.low)) * scale
        return np.clip(mapped, 0.0, 1.0, out=mapped)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user must know before trusting labels made with this mapping."""
        if self.distance > FOREIGN:
            return (
                "This scan does not look like what the model was trained on (its grey values are "
                "spread differently). Do not trust the labels.",
            )
        if self.distance > DOUBTFUL:
            return (
                "The grey values of this scan are spread differently from what the model was "
                "trained on. Check the labels by eye before using them.",
            )
        return ()


def sample_values(stack: Stack) -> np.ndarray:
    """Return grey values from evenly spread slices: (N,) of the stack's own type.

    Raises:
        StackError: Not one pixel of the sample is a finite number.
    """
    n_slices = min(stack.n_slices, N_SAMPLED_SLICES)
    positions = np.unique(np.linspace(0, stack.n_slices - 1, n_slices).round().astype(int))
    parts = []
    for z in positions:
        values = stack.read_slice(int(z)).ravel()
        parts.append(values[:: max(1, values.size // N_SAMPLED_PIXELS)])
    values = np.concatenate(parts)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        raise StackError(
            "No pixel of this stack holds a number.",
            hint="Export it again; every pixel is marked as missing (NaN).",
        )
    return values


def grey_histogram(values: np.ndarray, mapping: GreyMapping) -> np.ndarray:
    """Return (256,) float64, the shares of mapped grey values from 0 to 1."""
    counts, _ = np.histogram(mapping.apply(values), N_BINS, range=(0.0, 1.0))
    return counts / max(counts.sum(), 1)


def histogram_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the earth mover's distance of two (256,) histograms, as a share of the scale.

    Clipped values at both ends are left out: see `CLIPPED_BINS`.
    """
    inner = np.s_[CLIPPED_BINS:-CLIPPED_BINS]
    first, second = first[inner], second[inner]
    if not first.sum() or not second.sum():
        return 1.0
    difference = np.cumsum(first / first.sum()) - np.cumsum(second / second.sum())
    return float(np.abs(difference).sum() / N_BINS)


def fit_mapping(values: np.ndarray, reference: np.ndarray) -> GreyMapping:
    """Find the line that brings grey values onto a model's scale.

    8-bit values whose histogram already fits stay as they are. Otherwise the line is chosen, among
    a few that are exact for common exports, whose result is nearest to the model's histogram.

    Args:
        values: (N,) finite grey values of the stack, any real type.
        reference: (256,) histogram of the model's training slices, over [0, 1].

    Returns:
        The mapping, with its distance from the reference.

    Raises:
        StackError: All values are the same.
    """
    if values.min() == values.max():
        raise StackError(
            f"Every pixel has the grey value {values.min():g}, so there is nothing to segment.",
            hint="Check the export from the scanner's software: the picture is empty.",
        )
    identity = _measured(type_range(values), "identity", values, reference)
    if values.dtype == np.uint8 and identity.distance <= FITS:
        return identity
    candidates = [
        _measured(line, "matched", values, reference) for line in _lines(values, reference)
    ]
    best = min(candidates, key=lambda mapping: mapping.distance)
    return identity if identity.distance <= best.distance else best


def manual_mapping(
    low: float, high: float, values: np.ndarray, reference: np.ndarray
) -> GreyMapping:
    """Return the mapping a user asked for, with its distance from the model's histogram."""
    GreyMapping(low, high)  # refuses a line that spans no range
    return _measured((low, high), "manual", values, reference)


def _measured(
    line: tuple[float, float], kind: str, values: np.ndarray, reference: np.ndarray
) -> GreyMapping:
    low, high = line
    histogram = grey_histogram(values, GreyMapping(low, high))
    return GreyMapping(low, high, kind, histogram_distance(histogram, reference))


def type_range(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of the grey scale of a type: of the integer type, or 0 to 1 for floats."""
    if values.dtype.kind in "iu":
        limits = np.iinfo(values.dtype)
        return float(limits.min), float(limits.max)
    return 0.0, 1.0


def _lines(values: np.ndarray, reference: np.ndarray) -> list[tuple[float, float]]:
    """Return lines (low, high) worth trying: the whole range, robust ranges, matched quantiles."""
    lines = [(float(values.min()), float(values.max()))]
    for share in (0.1, 0.5, 1.0):
        lines.append(tuple(float(v) for v in np.percentile(values, (share, 100 - share))))
    lines.append(_matched_quantiles(values, reference))
    return [(low, high) for low, high in lines if high > low]


def _matched_quantiles(values: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Fit a line through the quantiles of the stack and those of the reference."""
    shares = np.linspace(0.3, 0.95, 27)  # the grains; darker ones depend on the field of view
    inner = reference.copy()
    inner[:CLIPPED_BINS] = 0
    greys = np.interp(shares, np.cumsum(inner) / inner.sum(), (np.arange(N_BINS) + 0.5) / N_BINS)
    darkest = values.min()
    rock = values[values > darkest] if np.mean(values == darkest) > 0.01 else values
    slope, intercept = np.polyfit(greys, np.quantile(rock.astype(np.float64), shares), 1)
    return float(intercept), float(intercept + slope)
