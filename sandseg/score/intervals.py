"""How sure a score is: confidence intervals by resampling blocks of a slice."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from sandseg.score.metrics import grouped_confusion_matrices, iou

BLOCK_SIZE = 128  # pixels, and slices: neighbours tell nearly the same
LEVEL = 0.95  # share of cases in which the interval holds the true value


@dataclass(frozen=True, eq=False)
class IouIntervals:
    """95 % intervals; NaN where a class does not occur."""

    low: np.ndarray  # (C,)
    high: np.ndarray  # (C,)
    mean_low: float
    mean_high: float


def block_matrices(
    true: np.ndarray, predicted: np.ndarray, n_classes: int, block_size: int = BLOCK_SIZE
) -> np.ndarray:
    """Return the confusion matrix of each block of a slice.

    Errors come in patches, so neighbouring pixels tell nearly the same; blocks wider than such a
    patch are what may be resampled.

    Args:
        true: (Y, X) integer labels; `IGNORED` pixels are left out.
        predicted: (Y, X) integer labels.
        n_classes: Number of classes C.
        block_size: Edge of a block in pixels; blocks at the lower and right edge may be smaller.

    Returns:
        (B, C, C) int64, blocks without a labelled pixel left out. They sum to the slice's matrix;
        blocks of several slices can be concatenated.

    Raises:
        LabelError: The shapes differ, or a label belongs to no class.
    """
    rows, columns = (np.arange(length, dtype=np.int32) // block_size for length in true.shape)
    n_across = int(columns.max(initial=-1)) + 1
    n_blocks = (int(rows.max(initial=-1)) + 1) * n_across
    blocks = rows[:, None] * np.int32(n_across) + columns
    matrices = grouped_confusion_matrices(true, predicted, n_classes, blocks, n_blocks)
    return matrices[matrices.any(axis=(1, 2))]


def joined_blocks(parts: Mapping[int, np.ndarray]) -> np.ndarray:
    """Join blocks that lie above each other: the slices of a stack repeat each other too.

    Args:
        parts: Of one slice z or more, (B, C, C) as from `block_matrices`.

    Returns:
        (B, C, C), which sum to the same matrix.
    """
    blocks = list(parts.values())
    if len(blocks) == 1:
        return blocks[0]
    if len({found.shape for found in blocks}) > 1:
        # Partly labelled slices lack blocks, so what lies above what is lost: take whole slices.
        return np.stack([found.sum(axis=0) for found in blocks])
    layers = np.array([z // BLOCK_SIZE for z in parts])
    stacked = np.stack(blocks)
    return np.concatenate([stacked[layers == layer].sum(axis=0) for layer in np.unique(layers)])


def bootstrap_iou(
    block_matrices: np.ndarray, rng: np.random.Generator, n_resamples: int = 1000
) -> IouIntervals:
    """Return 95 % intervals of the IoU of each class and of their mean.

    Args:
        block_matrices: (B, C, C), as from `block_matrices`.
        rng: Where the resamples come from.
        n_resamples: How many there are.
    """
    n_blocks, n_classes, _ = block_matrices.shape
    if n_blocks == 0:
        nothing = np.full(n_classes, np.nan)
        return IouIntervals(nothing, nothing, float("nan"), float("nan"))
    weights = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=n_resamples)
    flat = block_matrices.reshape(n_blocks, -1).astype(np.float64)
    resampled = iou((weights @ flat).reshape(-1, n_classes, n_classes))
    means = np.ma.masked_invalid(resampled).mean(axis=1).filled(np.nan)
    lows, highs = np.transpose([_interval(x, n_blocks) for x in (*resampled.T, means)])
    return IouIntervals(lows[:-1], highs[:-1], float(lows[-1]), float(highs[-1]))


def _interval(resampled: np.ndarray, n_blocks: int) -> tuple[float, float]:
    """Return percentiles, further out the fewer blocks there are (Hesterberg 2015, section 3.3).

    Plain percentiles are too narrow: they forget that the blocks' own spread is estimated.
    """
    known = resampled[~np.isnan(resampled)]
    if n_blocks < 2 or known.size == 0:
        return float("nan"), float("nan")
    t = special.stdtrit(n_blocks - 1, (1 - LEVEL) / 2) * np.sqrt(n_blocks / (n_blocks - 1))
    tail = special.ndtr(t)
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
