"""Whether the brightness of a stack stays the same along z, and the line of each slice if not.

A weakening source or a change of settings makes the same material bright in one slice and dark in
another. Each slice is fitted to the model's histogram by itself; how far these lines differ is the
change.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sandseg.grey.fitting import fitted_line, ordered_values
from sandseg.grey.histograms import Line, grey_histograms, histogram_distances

AT_HOME = 0.15  # distance up to which a slice needs no line of its own
FITTED = 0.15  # distance up to which the line of a slice is believed
SOLID = 0.65  # grey of the commonest solid on a model's scale
CHANGE = 0.06  # of the grey of the commonest solid; real slices of one scan reach 0.02
MOST_FITS = 2.0  # times as steep or as flat as that of the whole stack; other lines are nonsense
NEARER = 0.12  # by how much a slice must come with a line of its own; other rock comes 0.09
FEWEST_PIXELS = 20_000  # of a slice; of fewer the rock itself differs as much


@dataclass(frozen=True)
class Unsteady:
    """How the brightness changes along z.

    `first` is the first slice, counted from 0, that differs from the first that was looked at;
    `change` is by how much of its grey value the commonest solid differs at most. `anchor` is the
    own line of the slice that the line of the whole stack fits best, `distance` its distance from
    the model's histogram once all slices are like it; `reference` is the model's
    histogram.
    """

    first: int
    change: float
    anchor: Line
    distance: float
    reference: tuple[float, ...]

    @property
    def sentence(self) -> str:
        """What was seen, as a part of a sentence."""
        return (
            f"its brightness changes along z, from slice {self.first + 1} on, "
            f"by up to {100 * self.change:.0f} %"
        )


def find_unsteady(
    samples: dict[int, np.ndarray],
    line: Line,
    reference: np.ndarray,
    read: Callable[[int], np.ndarray],
) -> Unsteady | None:
    """Compare the brightness of slices; None where it is steady or cannot be told.

    Args:
        samples: By slice, rising: (N,) grey values of the sample.
        line: That of the whole stack.
        reference: (256,) histogram of the model's training slices.
        read: Returns the values of one more slice, to find where the change begins.
    """
    samples = {z: values for z, values in samples.items() if values.size >= FEWEST_PIXELS}
    if len(samples) < 2 or line[0] > line[1]:
        return None
    distances = {z: _distance(values, line, reference) for z, values in samples.items()}
    if max(distances.values()) <= AT_HOME:
        return None
    lines = {z: _own_line(values, line, reference) for z, values in samples.items()}
    lines = {z: own for z, own in lines.items() if own}
    if len(lines) < max(2, len(samples) / 2):
        return None
    nearer = (distances[z] - _distance(samples[z], own, reference) for z, own in lines.items())
    if max(nearer) <= NEARER:
        return None
    greys = {z: _solid_grey(own, line) for z, own in lines.items()}
    start = next(iter(greys.values()))
    changes = {z: abs(grey / start - 1) for z, grey in greys.items()}
    if max(changes.values()) <= CHANGE:
        return None
    first = next(z for z in changes if changes[z] > CHANGE)
    before = max(z for z in changes if z < first)
    while first - before > 1:
        middle = (first + before) // 2
        own = _own_line(read(middle), line, reference)
        differs = own and abs(_solid_grey(own, line) / start - 1) > CHANGE
        first, before = (middle, before) if differs else (first, middle)
    home = min(lines, key=distances.__getitem__)
    shares = tuple(reference.tolist())
    return Unsteady(first, max(changes.values()), lines[home], distances[home], shares)


def line_of_slice(values: np.ndarray, line: Line, unsteady: Unsteady) -> Line | None:
    """Return the line that gives a slice the greys of its stack, or None where none fits.

    Args:
        values: (N,) grey values of the sample in the slice.
        line: That of the whole stack.
        unsteady: As `find_unsteady` returns it.
    """
    if values.size < FEWEST_PIXELS:
        return None
    own = _own_line(values, line, np.array(unsteady.reference))
    if own is None:
        return None
    (low, high), (start, end) = own, unsteady.anchor
    gain = (high - low) / (end - start)
    return low + (line[0] - start) * gain, low + (line[1] - start) * gain


def _own_line(values: np.ndarray, line: Line, reference: np.ndarray) -> Line | None:
    if values.size < FEWEST_PIXELS:
        return None
    ordered = ordered_values(values)
    if ordered[0] == ordered[-1]:
        return None
    own, distance = fitted_line(ordered, reference)
    gain = (own[1] - own[0]) / (line[1] - line[0])
    is_sane = 1 / MOST_FITS <= gain <= MOST_FITS
    return own if distance <= FITTED and is_sane else None


def _distance(values: np.ndarray, line: Line, reference: np.ndarray) -> float:
    histograms = grey_histograms(ordered_values(values), [line])
    return float(histogram_distances(histograms, reference, may_be_darker=False)[0])


def _solid_grey(own: Line, line: Line) -> float:
    """Return the grey of the commonest solid of a slice on the scale of the whole stack."""
    solid = own[0] + SOLID * (own[1] - own[0])
    return max((solid - line[0]) / (line[1] - line[0]), 1e-3)
