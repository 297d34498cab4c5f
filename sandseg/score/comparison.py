"""Two ways to label the same slice: where they differ, who is right, and what to say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.score.boundaries import boundary_mask
from sandseg.score.intervals import LEVEL, block_matrices

SAME, FIRST_RIGHT, SECOND_RIGHT, NEITHER_RIGHT = range(4)
DIFFERENT = NEITHER_RIGHT  # where no truth says who is right
COLORS = {  # told apart by color-blind eyes, and from the classes
    SAME: "#808080",
    FIRST_RIGHT: "#E69F00",
    SECOND_RIGHT: "#56B4E9",
    NEITHER_RIGHT: "#D01C8B",
}


@dataclass(frozen=True, eq=False)
class MethodErrors:
    """What a method gets wrong on a slice.

    `blocks` (B, C, C) are the confusion matrices of its blocks; `at_border` (C,) counts the wrong
    pixels near a true border that are, or are taken for, a class.
    """

    blocks: np.ndarray
    at_border: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """The (C, C) confusion matrix of the slice."""
        return self.blocks.sum(axis=0)

    @property
    def per_block(self) -> np.ndarray:
        """Wrong pixels of each block, (B,)."""
        return self.blocks.sum(axis=(1, 2)) - np.trace(self.blocks, axis1=1, axis2=2)

    @property
    def total(self) -> int:
        """Wrong pixels of the slice."""
        return int(self.per_block.sum())


def method_errors(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> MethodErrors:
    """Count what is wrong in (Y, X) predicted labels.

    Raises:
        LabelError: The shapes differ, or a label belongs to no class.
    """
    blocks = block_matrices(true, predicted, n_classes)
    is_wrong = (true != predicted) & (true != IGNORED) & boundary_mask(true)
    pairs = np.stack([true[is_wrong], predicted[is_wrong]])
    at_border = [np.count_nonzero((pairs == value).any(axis=0)) for value in range(n_classes)]
    return MethodErrors(blocks, np.array(at_border))


def disagreement(first: np.ndarray, second: np.ndarray) -> float:
    """Return the share in [0, 1] of the pixels that two (Y, X) label pictures call differently."""
    return float(np.count_nonzero(first != second) / first.size)


def difference_kinds(
    first: np.ndarray, second: np.ndarray, true: np.ndarray | None = None
) -> np.ndarray:
    """Mark the pixels where two methods differ by who is right.

    Args:
        first: (Y, X) uint8 labels.
        second: (Y, X) uint8 labels.
        true: (Y, X) uint8 labels, or None.

    Returns:
        (Y, X) uint8: `SAME`, `FIRST_RIGHT`, `SECOND_RIGHT`, `NEITHER_RIGHT`; without a truth, or
        where a pixel has none, `DIFFERENT` for all that differs.
    """
    kinds = np.full(first.shape, NEITHER_RIGHT, np.uint8)
    if true is not None:
        kinds[first == true] = FIRST_RIGHT
        kinds[second == true] = SECOND_RIGHT
    kinds[first == second] = SAME
    return kinds


def kind_classes(first: str, second: str, has_truth: bool) -> list[SegmentationClass]:
    """Return the legend of `difference_kinds` for two methods of these names."""
    names = {SAME: "both the same", NEITHER_RIGHT: "different"}
    if has_truth:
        names |= {
            FIRST_RIGHT: f"only {first} right",
            SECOND_RIGHT: f"only {second} right",
            NEITHER_RIGHT: "different, both wrong",
        }
    return [SegmentationClass(kind, names[kind], COLORS[kind]) for kind in sorted(names)]


def is_clear(first: MethodErrors, second: MethodErrors) -> bool:
    """Whether one of two methods makes fewer errors by more than chance would.

    Both are judged on the same blocks, so their differences are compared: the 95 % interval of
    the mean difference (Student's t) leaves out 0.
    """
    differences = (first.per_block - second.per_block).astype(float)
    n_blocks = differences.size
    if n_blocks < 2:
        return False
    spread = differences.std(ddof=1) / np.sqrt(n_blocks)
    t = special.stdtrit(n_blocks - 1, (1 + LEVEL) / 2)
    return bool(abs(differences.mean()) > t * spread)


def finding(
    phrases: Sequence[str], errors: Sequence[MethodErrors], classes: Sequence[SegmentationClass]
) -> str:
    """Say in one sentence which of two or more methods is best on a slice.

    Args:
        phrases: What each method is called in a sentence, as in "the random forest".
        errors: What each gets wrong.
        classes: The C classes.
    """
    order = sorted(range(len(errors)), key=lambda i: errors[i].total)
    best, next_best = (errors[i] for i in order[:2])
    name, rival = (phrases[i] for i in order[:2])
    if next_best.matrix.sum() == 0:
        return "There is nothing to compare with: no pixel of this slice has a true label."
    if next_best.total == 0:
        return f"{_capital(name)} and {rival} make no error on this slice."
    if not is_clear(best, next_best):
        n_pixels = best.matrix.sum()
        return (
            f"{_capital(name)} and {rival} are about equally good on this slice: "
            f"{_percent(best.total / n_pixels)} and {_percent(next_best.total / n_pixels)} of the "
            "pixels are wrong, a difference that chance could make."
        )
    fewer = 1 - best.total / next_best.total
    return (
        f"{_capital(name)} makes {_percent(fewer)} fewer errors than {rival} on this "
        f"slice{_where(best, classes)}."
    )


def _where(errors: MethodErrors, classes: Sequence[SegmentationClass]) -> str:
    """Say where most of a method's errors lie, if most of them lie at one place."""
    most = int(errors.at_border.argmax())
    if 2 * errors.at_border[most] <= errors.total:
        return ""
    return f"; most of those it still makes lie at {classes[most].name} borders"


def _percent(share: float) -> str:
    """Return a share with two figures: "42 %", "3.1 %", "0.046 %"."""
    percent = 100 * share
    if percent >= 10:
        return f"{percent:.0f} %"
    return f"{percent:.2g} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
