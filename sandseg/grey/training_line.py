"""The line that brings the slices of a training onto one grey scale, whatever a few pixels hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.errors import StackError
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.sampling import all_values, sample_slices
from sandseg.measure.outside import missing_mask
from sandseg.scan.stack import Stack

COMMON = (0.1, 99.9)  # percentiles between which the usual grey values lie
HEADROOM = 0.5  # of their span: what lies farther off is an outlier, as a hot pixel


@dataclass(frozen=True, eq=False)
class GreyRange:
    """The grey values of a stack: its type, the ends, and (N,) some that stand for all."""

    dtype: np.dtype
    low: float
    high: float
    values: np.ndarray


def grey_range(stack: Stack) -> GreyRange:
    """Look through a stack for its range; missing pixels do not count.

    Raises:
        StackError: A slice is damaged, or no pixel holds a number.
    """
    lows, highs = [], []
    for z in range(stack.n_slices):
        image = stack.read_slice(z)
        values = image[~missing_mask(image)]
        if values.size:
            lows.append(float(values.min()))
            highs.append(float(values.max()))
    values = all_values(stack, sample_slices(stack))
    return GreyRange(stack.dtype, min(lows), max(highs), values)


def training_line(ranges: Sequence[GreyRange]) -> GreyMapping:
    """Return one line for all: 8-bit slices keep their values, others are stretched.

    They are stretched between their ends, but for outliers and what is painted over: a hot pixel
    must not leave the rock a few grey values.

    Raises:
        StackError: All pixels have one value.
    """
    if all(found.dtype == np.uint8 for found in ranges):
        return GreyMapping(0.0, 255.0)
    values = np.concatenate([found.values.astype(np.float64) for found in ranges])
    below, above = np.percentile(values, COMMON)
    margin = HEADROOM * (above - below)
    usual = values[(values >= below - margin) & (values <= above + margin)]
    low, high = min(found.low for found in ranges), max(found.high for found in ranges)
    low = low if low >= below - margin else float(usual.min())
    high = high if high <= above + margin else float(usual.max())
    if low == high:
        raise StackError(
            f"Nearly every pixel is {low:g}; nothing to learn from.",
            hint="Choose other images, or export them again.",
        )
    return GreyMapping(low, high, "matched")
