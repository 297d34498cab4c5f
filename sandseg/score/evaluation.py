"""What the comparison of a prediction with its labels says: of one slice, or of many together."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sandseg.classes import IGNORED
from sandseg.score.boundaries import boundary_error_share
from sandseg.score.calibration import Reliability, reliability
from sandseg.score.intervals import (
    BLOCK_SIZE,
    IouIntervals,
    block_matrices,
    bootstrap_iou,
    joined_blocks,
)
from sandseg.score.metrics import Scores, mean_iou, scores

NEAR = 2  # pixels from a true border


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A prediction compared with its labels.

    `blocks` (B, C, C) are the confusion matrices of its parts, `near_border_share` in [0, 1] is the
    share of the wrong pixels that lie near a true border, NaN without any.
    """

    blocks: np.ndarray
    reliability: Reliability
    near_border_share: float

    @cached_property
    def matrix(self) -> np.ndarray:
        """(C, C) pixels by true (row) and predicted (column) label."""
        return self.blocks.sum(axis=0)

    @property
    def n_labelled(self) -> int:
        """Pixels that have a true label."""
        return int(self.matrix.sum())

    @property
    def n_wrong(self) -> int:
        """Labelled pixels that were predicted as something else."""
        return self.n_labelled - int(np.trace(self.matrix))

    @cached_property
    def scores(self) -> Scores:
        """All scores of the matrix."""
        return scores(self.matrix)

    @cached_property
    def intervals(self) -> IouIntervals:
        """How sure the IoU is; the same each time it is asked for."""
        return bootstrap_iou(self.blocks, np.random.default_rng(0))


def evaluate_slice(
    true: np.ndarray, labels: np.ndarray, confidence: np.ndarray, n_classes: int
) -> Evaluation:
    """Compare a segmented slice with its true labels.

    Args:
        true: (Y, X) uint8, `IGNORED` where nobody labelled.
        labels: (Y, X) uint8 as predicted.
        confidence: (Y, X) float32 in [0, 1], the probability of each predicted label.
        n_classes: Number of classes C.

    Raises:
        LabelError: They differ in size, or a label belongs to no class.
    """
    blocks = block_matrices(true, labels, n_classes, BLOCK_SIZE)
    is_labelled = true != IGNORED
    return Evaluation(
        blocks,
        reliability(confidence[is_labelled], (true == labels)[is_labelled]),
        boundary_error_share(true, labels, NEAR),
    )


def combine(parts: Mapping[int, Evaluation]) -> Evaluation:
    """Return the evaluation of slices z together."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    n_wrong = np.array([part.n_wrong for part in parts.values()])
    near = np.array([part.near_border_share for part in parts.values()])
    known = n_wrong > 0
    share = np.average(near[known], weights=n_wrong[known]) if known.any() else float("nan")
    blocks = joined_blocks({z: part.blocks for z, part in parts.items()})
    return Evaluation(blocks, _together(parts), float(share))


def ranking(parts: Mapping[int, Evaluation]) -> list[tuple[int, float]]:
    """Return the slices z with their mean IoU, the worst first."""
    return sorted(((z, mean_iou(part.matrix)) for z, part in parts.items()), key=lambda x: x[1])


def most_pixels(parts: Mapping[int, Evaluation], cell: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the slices z with their pixels in a cell of the matrix, most first, without zeros."""
    counts = [(z, int(part.matrix[cell])) for z, part in parts.items()]
    return sorted((entry for entry in counts if entry[1]), key=lambda entry: -entry[1])


def _together(parts: Mapping[int, Evaluation]) -> Reliability:
    found = [part.reliability for part in parts.values()]
    counts = np.stack([one.count for one in found])
    total = counts.sum(axis=0)

    def mean(values: list[np.ndarray]) -> np.ndarray:
        sums = np.nansum(np.stack(values) * counts, axis=0)
        return np.divide(sums, total, out=np.full(total.shape, np.nan), where=total > 0)

    return Reliability(
        found[0].edges,
        mean([one.confidence for one in found]),
        mean([one.accuracy for one in found]),
        total,
    )
