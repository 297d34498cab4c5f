"""Two grey values that every scan of a dry rock has: that of air, and that of the commonest solid.

They are modes of the histogram: unlike shares of pixels they stay where they are, whatever the rock
is made of. Noise is smoothed away first, and pixels at the borders of phases, whose greys are
mixtures, count less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

SMOOTHINGS = (0.5, 1.0, 2.0)  # pixels; the least that makes modes sharp is taken
SHARP = 0.08  # spread of the commonest solid, of the way from air to it
N_BINS = 256
ENDS = (0.0005, 0.9995)  # shares between which the histogram lies
MARGIN = 0.05  # of its range, at both ends
WIDTH = 2.5  # bins, standard deviation of what the histogram is smoothed with
RAREST = 0.004  # of the pixels: a mode of fewer is none
VALLEY = 0.85  # of the lower of two modes: where it is shallower, they are one
MINOR = 0.25  # of the darkest mode: a brighter one of less is something dense, not the solid
DARK = 4.0  # spreads of the commonest solid: what is darker than that below a mode is no noise
FEWEST_DARK = 0.003  # of the pixels
FAR = 8.0  # times as far from the solid as its noise reaches, where there are no pores at all
DARKEST = 0.02  # of these pixels; pores without a mode show their own grey hardly anywhere


@dataclass(frozen=True)
class Landmarks:
    """Grey values of air and of the commonest solid, and how wide the latter spreads (1 s.d.).

    `is_certain` says whether air shows a mode of its own.
    """

    pore: float
    grain: float
    spread: float
    is_certain: bool

    @property
    def level(self) -> float:
        """The grey value half way between air and solid."""
        return (self.pore + self.grain) / 2

    @property
    def relative_spread(self) -> float:
        """The spread, of the way from air to solid."""
        return self.spread / max(abs(self.grain - self.pore), 1e-12)


def line_through(landmarks: Landmarks, anchors: tuple[float, float]) -> tuple[float, float]:
    """Return the grey values that become 0 and 1 where a model has air and the solid at anchors."""
    gain = (landmarks.grain - landmarks.pore) / (anchors[1] - anchors[0])
    low = landmarks.pore - anchors[0] * gain
    return low, low + gain


class _Mode(NamedTuple):
    peak: int  # bin
    share: float  # of the pixels


def find_landmarks(
    slices: Sequence[np.ndarray],
    within: Sequence[np.ndarray],
    air: float | None = None,
    smoothings: Sequence[float] = SMOOTHINGS,
    contrast: float = 0.5,
) -> Landmarks | None:
    """Find the landmarks of some slices of a stack.

    Args:
        slices: (Y, X) grey values each, of any real type.
        within: (Y, X) bool each: the pixels that count.
        air: Grey value of the air around the sample, where some is seen.
        smoothings: Standard deviations in pixels to try.
        contrast: How much more a mode far from the darkest one counts, a power of the distance.

    Returns:
        The landmarks; None where there is but one grey value.
    """
    tried = []
    for smoothing in smoothings:
        parts = [_inner(*pair, smoothing) for pair in zip(slices, within, strict=True)]
        values, weights = (np.concatenate(kind) for kind in zip(*parts, strict=True))
        if not values.size or values.min() == values.max():
            return None
        tried.append(_find(values, weights, air, contrast))
        if tried[-1].is_certain and tried[-1].relative_spread < SHARP:
            return tried[-1]
    certain = [found for found in tried if found.is_certain]
    return min(certain, key=lambda found: found.relative_spread) if certain else tried[0]


def _inner(image: np.ndarray, mask: np.ndarray, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) smoothed grey values, and weights that fall with the slope of the grey values."""
    share = ndimage.gaussian_filter(mask.astype(np.float32), smoothing)
    shown = np.where(mask, image, 0).astype(np.float32)
    smooth = ndimage.gaussian_filter(shown, smoothing) / np.maximum(share, 1e-3)
    inner = mask & (share > 0.999)
    inner = inner if inner.sum() > mask.sum() / 3 else mask
    slope = _slope(smooth)[inner]
    usual = max(float(np.median(slope)), 1e-12) if slope.size else 1.0
    return smooth[inner], 1 / (1 + (slope / usual) ** 2)


def _slope(image: np.ndarray) -> np.ndarray:
    """Return how steep (Y, X) grey values are; a picture of one row or column may be one."""
    axes = [axis for axis, length in enumerate(image.shape) if length > 1]
    slopes = [np.gradient(image, axis=axis) for axis in axes]
    return np.hypot.reduce(slopes) if slopes else np.zeros_like(image)


def _find(values: np.ndarray, weights: np.ndarray, air: float | None, contrast: float) -> Landmarks:
    low, high = np.quantile(values, ENDS)
    if low == high:
        low, high = values.min(), values.max()
    margin = MARGIN * (high - low)
    edges = np.linspace(low - margin, high + margin, N_BINS + 1)
    counts = np.histogram(values, edges, weights=weights)[0]
    counts = ndimage.gaussian_filter1d(counts / counts.sum(), WIDTH, mode="constant")
    modes = _modes(counts)
    greys = (edges[1:] + edges[:-1]) / 2
    largest = max(modes, key=lambda mode: mode.share)
    spread = _spread(counts, largest.peak) * float(edges[1] - edges[0])
    if air is not None:
        modes = [mode for mode in modes if greys[mode.peak] > air + DARK * spread] or modes[-1:]
        grain = float(greys[max(modes, key=lambda mode: mode.share).peak])
        return Landmarks(air, grain, spread, grain > air)
    grain = _commonest_solid(modes, contrast)
    solid = float(greys[grain.peak])
    return _with_pores(float(greys[modes[0].peak]), solid, spread, values)


def _with_pores(lowest: float, grain: float, spread: float, values: np.ndarray) -> Landmarks:
    """Tell the grey of pores from the lowest mode, or from the few pixels darker than it."""
    darker = values[values < lowest - DARK * spread]
    if darker.size > FEWEST_DARK * values.size:
        return Landmarks(float(np.quantile(darker, DARKEST)), grain, spread, False)
    if lowest < grain:
        return Landmarks(lowest, grain, spread, True)
    # No pores at all: on any scale that does not spread the noise, nothing is one.
    dark = float(np.quantile(values, FEWEST_DARK))
    return Landmarks(grain - FAR * (grain - dark), grain, spread, False)


def _modes(counts: np.ndarray) -> list[_Mode]:
    """Return the modes of a histogram, from dark to bright."""
    steps = np.diff(np.pad(counts, 1))
    ups = np.flatnonzero(steps)  # levels are passed over: a mode is where up turns to down
    turns = (steps[ups[:-1]] > 0) & (steps[ups[1:]] < 0)
    peaks = [int(peak) for peak in (ups[:-1][turns] + ups[1:][turns] - 1) // 2]
    while True:
        cuts = [a + int(np.argmin(counts[a:b])) for a, b in zip(peaks, peaks[1:], strict=False)]
        depths = [
            counts[cut] / min(counts[a], counts[b])
            for cut, a, b in zip(cuts, peaks, peaks[1:], strict=False)
        ]
        if not depths or max(depths) <= VALLEY:
            break
        i = int(np.argmax(depths))
        peaks.pop(i if counts[peaks[i]] < counts[peaks[i + 1]] else i + 1)
    ends = [0, *cuts, len(counts)]
    shares = [float(counts[a:b].sum()) for a, b in zip(ends, ends[1:], strict=False)]
    modes = [_Mode(*mode) for mode in zip(peaks, shares, strict=True)]
    return [mode for mode in modes if mode.share > RAREST]


def _commonest_solid(modes: Sequence[_Mode], contrast: float) -> _Mode:
    """Return the mode of the commonest solid: many pixels, far from the darkest mode."""
    lowest, *others = modes
    if not others:
        return lowest
    solid = max(others, key=lambda mode: mode.share * (mode.peak - lowest.peak) ** contrast)
    return solid if solid.share > MINOR * lowest.share else lowest


def _spread(counts: np.ndarray, peak: int) -> float:
    """Return the standard deviation of a mode in bins, from the nearer of its half heights."""
    sides = [side < counts[peak] / 2 for side in (counts[peak:], counts[peak::-1])]
    return min((int(side.argmax()) for side in sides if side.any()), default=1) / 1.177
