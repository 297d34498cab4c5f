"""A lesson in words: what to do next, and how good what was learned is."""

from collections.abc import Sequence

from pages.words.numbers import plain
from sandseg.classes import SegmentationClass
from sandseg.teach.learning.held_back import HeldBackScore

FIRST = (
    "Paint a few strokes on two things you want told apart, each in its own class: "
    "the rest of the slice follows."
)

CORRECT = "These are the model's labels. Paint where one is wrong, in the right class."


def next_words(
    classes: Sequence[SegmentationClass], n_strokes: Sequence[int], is_correction: bool = False
) -> str:
    """Say what is missing before anything can be learned; "" where nothing is.

    Args:
        classes: The C classes.
        n_strokes: (C,) strokes painted in each.
        is_correction: The model's labels are the start.
    """
    painted = [material for material, n in zip(classes, n_strokes, strict=True) if n]
    if is_correction:
        return "" if painted else CORRECT
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


def score_words(found: HeldBackScore) -> str:
    """Say in a sentence how good what was learned is, or what is missing to tell."""
    if found.missing:
        return plain(found.missing)
    ends = f"{found.low:.2f} and {found.high:.2f}"
    return f"Mean IoU about **{found.mean_iou:.2f}**, between {ends}, by strokes held back."
