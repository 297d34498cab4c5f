"""Limited-memory BFGS, for smooth convex losses of a few hundred numbers.

As in Nocedal & Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5. SciPy's own hands each
of its tiny sums to all cores, which then wait for each other: 50 times as long on a busy machine.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

N_REMEMBERED = 10
SMALLEST_GAIN = 1e-6  # of the loss, relative; less changes no label
LEAST_STEP = 1e-6

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # the value there, and its slope


def minimize(loss: Loss, first: np.ndarray, most_rounds: int) -> np.ndarray:
    """Return where a loss is least, near enough.

    Args:
        loss: Takes (N,) float64 and returns its value there and its slope, (N,).
        first: (N,) float64, where the search begins.
        most_rounds: After so many it ends anyway.
    """
    place, (value, slope) = first, loss(first)
    steps: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=N_REMEMBERED)
    for _ in range(most_rounds):
        way = -_turned(slope, steps)
        found = _walk(loss, place, value, slope @ way, way, 1.0 if steps else _first_step(slope))
        if found is None:
            break
        new_place, new_value, new_slope = found
        step, change = new_place - place, new_slope - slope
        if step @ change > 1e-12 * (change @ change):
            steps.append((step, change))
        gain = value - new_value
        place, value, slope = found
        if gain <= SMALLEST_GAIN * max(abs(value), 1e-3):
            break
    return place


def _first_step(slope: np.ndarray) -> float:
    return 1.0 / max(float(np.sqrt(slope @ slope)), 1.0)


def _walk(loss: Loss, place: np.ndarray, value: float, descent: float, way: np.ndarray, by: float):
    """Go along a way as far as the loss falls enough (Armijo's rule); None: it does not."""
    while by > LEAST_STEP:
        new = place + by * way
        new_value, new_slope = loss(new)
        if new_value <= value + 1e-4 * by * descent:
            return new, new_value, new_slope
        by /= 2
    return None


def _turned(slope: np.ndarray, steps: deque) -> np.ndarray:
    """Multiply a slope by the inverse of the curvature that the last steps met."""
    found, shares = slope.copy(), []
    for step, change in reversed(steps):
        share = (step @ found) / (step @ change)
        found -= share * change
        shares.append(share)
    if steps:
        step, change = steps[-1]
        found *= (step @ change) / (change @ change)
    for (step, change), share in zip(steps, reversed(shares), strict=True):
        found += step * (share - (change @ found) / (step @ change))
    return found
