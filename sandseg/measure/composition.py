"""What slices are made of: one count for the page, the report, the table and the command line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.measure.sample import sample_mask


@dataclass(frozen=True, eq=False)
class Composition:
    """Pixels of each class in each slice, of the sample and of the whole picture.

    Shares are in [0, 1] and NaN where there is nothing to divide by: a picture without solid holds
    no sample, and without a class of pores nothing is known of pores.
    """

    classes: tuple[SegmentationClass, ...]
    sample: np.ndarray  # (Z, C) int64; without the air around the rock
    picture: np.ndarray  # (Z, C) int64

    @cached_property
    def phase_fractions(self) -> np.ndarray:
        """Return (C,): what the sample is made of."""
        return _shares(self.sample.sum(axis=0))

    @cached_property
    def picture_fractions(self) -> np.ndarray:
        """Return (C,): what the whole picture is made of, the air around the sample included."""
        return _shares(self.picture.sum(axis=0))

    @cached_property
    def sample_fraction(self) -> float:
        """Return how much of the labelled picture is the sample."""
        n_pixels = self.picture.sum()
        return float(self.sample.sum() / n_pixels) if n_pixels else float("nan")

    @cached_property
    def porosity(self) -> float:
        """Return pore volume / volume of the sample."""
        is_pore = [material.is_pore for material in self.classes]
        return float(self.phase_fractions[is_pore].sum()) if any(is_pore) else float("nan")

    def __len__(self) -> int:
        return len(self.sample)

    def slices(self) -> Iterable["Composition"]:
        """Give the composition of each slice."""
        for sample, picture in zip(self.sample, self.picture, strict=True):
            yield Composition(self.classes, sample[None], picture[None])


def composition_of(
    labels: np.ndarray, classes: Sequence[SegmentationClass], within: np.ndarray | None = None
) -> Composition:
    """Count what one slice is made of.

    Args:
        labels: (Y, X) uint8; `IGNORED` pixels are left out.
        classes: What the labels 0 … C - 1 mean.
        within: (Y, X) bool, where the sample lies; else it is found by `sample_mask`.
    """
    sample = sample_mask(labels, classes) if within is None else within
    inside = _counts(labels[sample], len(classes))
    return Composition(tuple(classes), inside[None], _counts(labels, len(classes))[None])


def joined(parts: Sequence[Composition]) -> Composition:
    """Return the composition of a stack from those of its slices, one at least."""
    return Composition(
        parts[0].classes,
        np.concatenate([part.sample for part in parts]),
        np.concatenate([part.picture for part in parts]),
    )


def _counts(labels: np.ndarray, n_classes: int) -> np.ndarray:
    return np.bincount(labels.ravel(), minlength=n_classes)[:n_classes].astype(np.int64)


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum() if counts.any() else np.full(len(counts), np.nan)
