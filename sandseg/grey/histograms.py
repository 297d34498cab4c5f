"""Histograms of grey values, and how far two of them are apart."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d

Line = tuple[float, float]  # the grey values that become 0 and 1
N_BINS = 256
N_COMPARED = 2**18  # pixels of the whole sample that histograms are made of
# Grey values at the ends of the scale are clipped there by the scanner; how many says how much of
# the picture lies outside the sample, not which scale it is on.
CLIPPED_BINS = 3
BLUR_BINS = 4.0  # standard deviation; the combs of stretched 8-bit values and a little noise go
# Of the shares the training slices had: every rock shows some black, and not air alone.
SMALLEST_DARK, SMALLEST_BRIGHT = 1 / 8, 1 / 3


def grey_histograms(ordered: np.ndarray, lines: Sequence[Line]) -> np.ndarray:
    """Return the histograms that several lines make of the same values.

    Args:
        ordered: (N,) float64 grey values, rising.
        lines: L lines, each the grey values that become 0 and 1.

    Returns:
        (L, 256) float64, the shares of mapped grey values from 0 to 1.
    """
    lines = np.asarray(lines, np.float64)
    low, high = lines.min(axis=1, keepdims=True), lines.max(axis=1, keepdims=True)
    edges = low + (high - low) * (np.arange(1, N_BINS) / N_BINS)
    below = np.pad(np.searchsorted(ordered, edges), ((0, 0), (1, 1)))
    below[:, -1] = ordered.size
    histograms = np.diff(below, axis=1) / ordered.size
    is_inverted = lines[:, 0] > lines[:, 1]
    histograms[is_inverted] = histograms[is_inverted, ::-1]
    return histograms


def shares_of(values: np.ndarray, line: Line) -> np.ndarray:
    """Return the (256,) histogram of grey values mapped by a line; it sums to 1."""
    step = max(1, values.size // N_COMPARED)
    return grey_histograms(np.sort(values[::step].astype(np.float64)), [line])[0]


def histogram_distances(
    histograms: np.ndarray, reference: np.ndarray, may_be_darker: bool = True
) -> np.ndarray:
    """Return how unlike a reference histograms are, whatever part of the rock they show.

    The share of dark pixels (pores and surroundings) depends on the field of view; so the
    reference is given as much of it as each histogram has. Clipped values at both ends are left
    out.

    Args:
        histograms: (L, 256) shares of grey values from 0 to 1.
        reference: (256,) of the model's training slices.
        may_be_darker: Whether more may be dark than in the training slices.

    Returns:
        (L,) Hellinger distances in [0, 1]; 1 where little is left between the ends.
    """
    inner = np.s_[CLIPPED_BINS : N_BINS - CLIPPED_BINS]
    left = histograms[:, inner].sum(axis=1, keepdims=True)
    found = histograms[:, inner] / np.maximum(left, 1e-9)
    wanted = reference[inner] / max(reference[inner].sum(), 1e-9)
    split = _end_of_dark(wanted)
    dark = wanted[:split].sum()
    share = found[:, :split].sum(axis=1, keepdims=True)
    most = 1 - SMALLEST_BRIGHT * (1 - dark) if may_be_darker else dark
    share = np.clip(share, SMALLEST_DARK * dark, most)
    factors = share / max(dark, 1e-9), (1 - share) / max(1 - dark, 1e-9)
    wanted = np.hstack([wanted[:split] * factors[0], wanted[split:] * factors[1]])
    found, wanted = (
        gaussian_filter1d(part, BLUR_BINS, axis=1, mode="nearest") for part in (found, wanted)
    )
    totals = found.sum(axis=1) * wanted.sum(axis=1)
    likeness = np.sqrt(found * wanted).sum(axis=1) / np.sqrt(np.maximum(totals, 1e-18))
    return np.where(left[:, 0] > 0.2, np.sqrt(np.clip(1 - likeness, 0, 1)), 1.0)


def _end_of_dark(histogram: np.ndarray) -> int:
    """Return the bin that parts dark from bright with the largest variance between them (Otsu)."""
    bins = np.arange(histogram.size)
    below, moment = np.cumsum(histogram)[:-1], np.cumsum(histogram * bins)
    spread = np.maximum(below * (1 - below), 1e-9)
    return 1 + int(np.argmax((moment[-1] * below - moment[:-1]) ** 2 / spread))
