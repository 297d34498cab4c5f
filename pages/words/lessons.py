"""A lesson in words: what to do next, and how good what was learned is."""

from collections.abc import Sequence

from pages.words.numbers import plain, score
from sandseg.classes import SegmentationClass

FIRST = (
    "Paint a few strokes on two things you want told apart, each in its own class: "
    "the rest of the slice follows."
)


def next_words(classes: Sequence[SegmentationClass], n_strokes: Sequence[int]) -> str:
    """Say what is missing before anything can be learned; "" where nothing is.

    Args:
        classes: The C classes.
        n_strokes: (C,) strokes painted in each.
    """
    painted = [material for material, n in zip(classes, n_strokes, strict=True) if n]
    if not painted:
        return FIRST
    if len(painted) == 1:
        return f"Now paint something that is not {plain(painted[0].name)}, in another class."
    return ""


def strokes_text(n_strokes: int, n_pixels: int) -> str:
    """Say how much of a class is painted."""
    if not n_pixels:
        return "–"
    strokes = "1 stroke" if n_strokes == 1 else f"{n_strokes} strokes"
    return f"{strokes}\n{n_pixels:,} px"


def score_words(mean: float, low: float, high: float, what: str) -> str:
    """Say how good what was learned is on strokes that were held back."""
    return f"{what} **{score(mean)}**, most likely between {score(low)} and {score(high)}."
