"""How unevenly lit a slice is, and how to even it out.

Beam hardening makes one material bright here and dark there. A plane and a bowl,
1 + ay + bx + c(y² + x²), are laid through the grey values of the commonest solid by least squares.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from sandseg.classes import SegmentationClass

MIN_PIXELS = 100_000  # of fewer a few bright grains make what looks like a drift
MAX_PIXELS = 50_000  # enough for four numbers
OUTLIER = 3.0  # median absolute deviations: a bright grain is no drift; this also flattens a little
N_FITS = 3  # each leaves out what lies far from the one before
ENDS = (2, 98)  # percentiles that a drift is measured between
DARKEST = 0.2  # of the mean light: nothing is made more than five times as bright


@dataclass(frozen=True)
class Light:
    """How brightly the same material shows across a slice; 1 is its mean.

    `rise_y` and `rise_x` are in 1/px, `bowl` in 1/px², about the `center`; `spread` is the mean
    square distance from it, in px², and `drift` the range of the light over the material.
    """

    center_y: float
    center_x: float
    rise_y: float
    rise_x: float
    bowl: float
    spread: float
    drift: float

    def over(self, shape: tuple[int, int], bowl_left: float = 0.0) -> np.ndarray:
        """Return (Y, X) float32 by which to divide grey values; a bowl (1/px²) can be left."""
        y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(self.center_y)
        x = np.arange(shape[1], dtype=np.float32) - np.float32(self.center_x)
        outwards = y**2 + x**2 - np.float32(self.spread)
        found = 1 + self.rise_y * y + self.rise_x * x + self.bowl * outwards
        left = 1 + bowl_left * outwards
        return np.maximum(found, DARKEST) / np.maximum(left, DARKEST)


def find_light(
    grey: np.ndarray, labels: np.ndarray, classes: Sequence[SegmentationClass], within: np.ndarray
) -> Light | None:
    """Return the light on the commonest solid, or None where there is too little of it.

    Args:
        grey: (Y, X) float32 on the model's scale, [0, 1].
        labels: (Y, X) uint8.
        classes: Of the labels.
        within: (Y, X) bool: only these pixels count.
    """
    solids = [within & (labels == material.value) for material in classes if not material.is_pore]
    where = max(map(np.flatnonzero, solids), key=len, default=np.empty(0, int))
    if len(where) < MIN_PIXELS:
        return None
    where = where[:: -(-len(where) // MAX_PIXELS)]
    values = grey.ravel()[where].astype(np.float64)
    positions = np.stack(np.unravel_index(where, grey.shape)).astype(np.float64)  # (2, N)
    center = positions.mean(axis=1)
    y, x = positions - center[:, None]
    spread = float(np.mean(y**2 + x**2))
    terms = np.stack([np.ones_like(y), y, x, y**2 + x**2 - spread], axis=1)  # (N, 4)

    surface = np.full_like(values, np.median(values))
    for _ in range(N_FITS):
        far = np.abs(values - surface)
        is_usual = far <= OUTLIER * np.median(far)
        factors = np.linalg.lstsq(terms[is_usual], values[is_usual], rcond=None)[0]
        surface = terms @ factors
    mean = max(float(factors[0]), 1e-3)
    low, high = np.percentile(surface, ENDS)
    rises = (float(factor) / mean for factor in factors[1:])
    return Light(*map(float, center), *rises, spread, float(high - low) / mean)


def mean_light(lights: Sequence[Light]) -> Light:
    """Return the light that several slices have in common."""
    return Light(*np.mean([astuple(light) for light in lights], axis=0).tolist())
