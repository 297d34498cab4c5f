"""Scores of a stack, counted slice by slice: inside the sample, and of all labelled pixels."""

from collections.abc import Sequence

import numpy as np

from sandseg.classes import IGNORED
from sandseg.score.intervals import IouIntervals, block_matrices, bootstrap_iou, joined_blocks
from sandseg.score.metrics import scores

SAMPLE, LABELLED = "sample", "labelled_pixels"  # what a score may be counted over


class RegionScores:
    """Counts how far labels agree with the truth, one slice after the other."""

    def __init__(self, class_names: Sequence[str]):
        self._names = class_names
        self._blocks: dict[str, dict[int, np.ndarray]] = {SAMPLE: {}, LABELLED: {}}

    def add(self, z: int, inside: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> None:
        """Compare slice z with its truth.

        Args:
            z: Slices near each other tell nearly the same, so it matters which they are.
            inside: (Y, X) uint8 true labels, `IGNORED` where there is no sample.
            true: (Y, X) uint8 true labels, `IGNORED` where nobody labelled.
            predicted: (Y, X) uint8 labels.

        Raises:
            LabelError: The shapes differ, or a label belongs to no class.
        """
        for region, counted in ((SAMPLE, inside), (LABELLED, true)):
            matrices = block_matrices(counted, predicted, len(self._names))
            if (true != IGNORED).any():
                self._blocks[region][z] = matrices

    def facts(self, first: str = SAMPLE) -> dict:
        """Return the scores of both regions as plain numbers, each under its region's name.

        Args:
            first: The region whose scores stand at the top, `SAMPLE` or `LABELLED`.
        """
        found = {region: self._facts_of(region) for region in self._blocks}
        (other,) = found.keys() - {first}
        return {"scores_of": first} | found[first] | {f"scores_of_{other}": found[other]}

    def _facts_of(self, region: str) -> dict:
        n_classes = len(self._names)
        parts = self._blocks[region] or {0: np.zeros((0, n_classes, n_classes), np.int64)}
        blocks = joined_blocks(parts)
        intervals = bootstrap_iou(blocks, np.random.default_rng(0))
        facts = scores(blocks.sum(axis=0)).to_dict(self._names)
        return facts | _interval_facts(intervals, self._names)


def _interval_facts(intervals: IouIntervals, names: Sequence[str]) -> dict:
    ends = zip(intervals.low, intervals.high, strict=True)
    return {
        "iou_interval_95": {
            name: [_plain(low), _plain(high)] for name, (low, high) in zip(names, ends, strict=True)
        },
        "mean_iou_interval_95": [_plain(intervals.mean_low), _plain(intervals.mean_high)],
    }


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
