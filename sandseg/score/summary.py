"""What a confusion matrix says, in one sentence."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.score.metrics import iou, support

GOOD = 0.95  # IoU from which even the hardest class is no problem
SIMPLE = [Fraction(*pair) for pair in ((2, 5), (1, 2), (3, 5), (2, 3), (3, 4), (4, 5), (9, 10))]


def score_text(value: float | None) -> str:
    """Return an IoU with three decimals, as in "0.943"; a dash where a class does not occur.

    What is nearly perfect is cut off: "1.000" is said of what has no error.
    """
    if value is None or np.isnan(value):
        return "–"
    is_nearly_perfect = 0.9995 <= value < 1
    return "0.999" if is_nearly_perfect else f"{value:.3f}"


def finding(matrix: np.ndarray, classes: Sequence[SegmentationClass]) -> str:
    """Return the sentence a teacher would say first: the hardest class and what it is mixed with.

    Args:
        matrix: (C, C) pixel counts, true classes in rows, predicted in columns.
        classes: The C classes, in the order of the matrix.
    """
    total = int(matrix.sum())
    n_wrong = total - int(np.trace(matrix))
    if total == 0:
        return "There is nothing to compare: no pixel has a true label."
    if n_wrong == 0:
        return f"Prediction and labels agree on {_all_pixels(total)}."
    is_present = support(matrix) > 0
    n_invented = matrix.sum(axis=0) * ~is_present
    if 2 * n_invented.max() > n_wrong:
        return _invented(matrix, classes, int(n_invented.argmax()))
    ious = np.where(is_present, iou(matrix), np.inf)
    worst = int(ious.argmin())
    name = classes[worst].name
    lead = f"{name.capitalize()} is the hard class"
    if ious[worst] >= GOOD:
        lead = f"Even {name}, the hardest class, is nearly right"
    return f"{lead}: {_biggest_error(matrix, classes, worst)}."


def _biggest_error(matrix: np.ndarray, classes: Sequence[SegmentationClass], worst: int) -> str:
    """Describe the larger of what the class is most taken for and what is most taken for it."""
    name = classes[worst].name
    missed, invented = matrix[worst].copy(), matrix[:, worst].copy()
    missed[worst] = invented[worst] = 0
    if missed.max() >= invented.max():
        other = classes[int(missed.argmax())].name
        share, verb = _share_in_words(int(missed.max()), int(matrix[worst].sum()))
        return f"{share} {name} {_pixels(share)} {verb} taken for {other}"
    other = classes[int(invented.argmax())].name
    share, verb = _share_in_words(int(invented.max()), int(matrix[:, worst].sum()))
    return f"{share} {_pixels(share)} called {name} {verb} really {other}"


def _invented(matrix: np.ndarray, classes: Sequence[SegmentationClass], worst: int) -> str:
    name, n_called = classes[worst].name, int(matrix[:, worst].sum())
    other = classes[int(matrix[:, worst].argmax())].name
    if n_called == 1:
        return f"There is no {name} here, yet 1 pixel of {other} is called {name}."
    return f"There is no {name} here, yet {n_called:,} pixels, mostly {other}, are called {name}."


def _share_in_words(part: int, whole: int) -> tuple[str, str]:
    """Return a share in (0, 1] as words and the verb that goes with them."""
    if part == whole:
        return "every", "is"
    share = Fraction(part, whole)
    if share > Fraction(19, 20):
        return "nearly all", "are"
    if share < Fraction(7, 20):
        return f"1 in {_two_figures(whole / part):,}", "is"
    simple = min(SIMPLE, key=lambda candidate: abs(candidate - share))
    verb = "is" if simple.numerator == 1 else "are"
    return f"{simple.numerator} in {simple.denominator}", verb


def _two_figures(number: float) -> int:
    """Round to two figures: nobody wants to hear of 1 in 1,237."""
    scale = 10 ** max(0, len(str(int(number))) - 2)
    return round(number / scale) * scale


def _pixels(share: str) -> str:
    return "pixel" if share == "every" else "pixels"


def _all_pixels(total: int) -> str:
    return "the one labelled pixel" if total == 1 else f"all {total:,} labelled pixels"
