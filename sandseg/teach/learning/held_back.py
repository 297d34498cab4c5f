"""How good a taught classifier is, told by strokes that are held back by turns.

Strokes are painted where a hand is sure, inside the parts of a rock: on them alone any classifier
looks better than it is on the slice. So two numbers are told: the accuracy on held-back strokes as
it is, and an estimate of the mean IoU of the slice from how unsure the answers are and how much of
held-back strokes is missed. How far both are off was found on made-up rocks, slices of sandstone
and tasks that no network knows (benchmarks/teaching.py).
"""

from dataclasses import dataclass

import numpy as np

from sandseg.teach.learning.classifier import (
    MOST_PIXELS,
    Painted,
    choose_recipe,
    fit_recipe,
    fold_numbers,
)

LEAST_STROKES = 3  # in each class
N_FOLDS = 3
# True 1 - mean IoU and EVEN are MIDDLE times the doubt, as fitted together with the power; in nine
# of ten sessions they are between LOW and HIGH times.
LOW, MIDDLE, HIGH, EVEN = 0.65, 1.85, 4.4, 0.02
UNSURE_POWER = 0.75
CHANCE = 0.5  # strokes missed, beside those that are: few strokes show little


@dataclass(frozen=True)
class HeldBackScore:
    """What held-back strokes say of a classifier.

    `accuracy` [0, 1] is the mean over classes of the share of held-back painted pixels that are
    labelled as painted. `mean_iou` is the estimate for the whole slices, from `low` to `high`. All
    are None where `missing`, a sentence, says what is needed first.
    """

    accuracy: float | None = None
    mean_iou: float | None = None
    low: float | None = None
    high: float | None = None
    n_strokes: int = 0
    doubt: float = 0.0  # see `doubt_of`
    missing: str = ""

    @property
    def meaning(self) -> str:
        """Say in words what the numbers are."""
        if self.missing:
            return self.missing
        return (
            f"Held back by turns, {self.accuracy:.0%} of what {self.n_strokes} strokes painted is "
            "found by the others, as a mean over the classes. Strokes lie where a class is easy to "
            "see: for whole slices, borders included, the mean IoU is estimated at "
            f"{self.mean_iou:.2f}, between {self.low:.2f} and {self.high:.2f}."
        )


def held_back_score(
    features: np.ndarray,
    values: np.ndarray,
    strokes: np.ndarray,
    n_classes: int,
    probabilities: np.ndarray,
) -> HeldBackScore:
    """Hold whole strokes back by turns, learn from the others, and compare.

    Args:
        features: (P, F) float32 of painted pixels, by slice, row and column.
        values: (P,) uint8, the class of each from 1 on.
        strokes: (P,) integers: which stroke each belongs to.
        n_classes: Number of classes C.
        probabilities: (Q, C) float32 that the classifier of all strokes gives to pixels drawn
            evenly from the slices: how common each class is, and how much is in doubt.

    Returns:
        The score, or what is missing for one.
    """
    painted = Painted(features, values, strokes)
    if missing := _too_few(painted, n_classes):
        return HeldBackScore(missing=missing)
    rates, n_strokes = held_back_rates(painted, n_classes)
    doubt = doubt_of(rates, n_strokes, probabilities)
    errors = np.clip(doubt * np.array([HIGH, MIDDLE, LOW]) - EVEN, 0, 1)
    low, middle, high = (float(score) for score in 1 - errors)
    accuracy = float(rates.diagonal().mean())
    return HeldBackScore(accuracy, middle, low, high, n_strokes, doubt)


def held_back_rates(painted: Painted, n_classes: int) -> tuple[np.ndarray, int]:
    """Return (C, C): how often a held-back stroke of a class is labelled as each; and the strokes.

    The pixels of a stroke together count as one observation.
    """
    painted = painted.thinned(MOST_PIXELS)
    folds = fold_numbers(painted, N_FOLDS)
    recipe = choose_recipe(painted, n_classes)
    hits = np.zeros((len(painted.values), n_classes))
    for fold in range(folds.max() + 1):
        classifier = fit_recipe(painted.take(folds != fold), n_classes, recipe)
        held = np.flatnonzero(folds == fold)
        labels = classifier.probabilities(painted.features[held]).argmax(axis=1)
        hits[held, labels] = 1
    _, first, index = np.unique(painted.strokes, return_index=True, return_inverse=True)
    of_stroke = np.zeros((len(first), n_classes))
    np.add.at(of_stroke, index, hits)
    of_stroke /= of_stroke.sum(axis=1, keepdims=True)
    of_class = painted.values[first] - 1
    rates = np.stack([of_stroke[of_class == c].mean(axis=0) for c in range(n_classes)])
    return rates, len(first)


def doubt_of(rates: np.ndarray, n_strokes: int, probabilities: np.ndarray) -> float:
    """Return how much is in doubt: by the answers, and by held-back strokes.

    Args:
        rates: (C, C), see `held_back_rates`.
        n_strokes: How many strokes the rates are of.
        probabilities: (Q, C) of pixels drawn evenly from the slices.
    """
    chosen = np.eye(len(rates))[probabilities.argmax(axis=1)]
    believed = probabilities.astype(np.float64).T @ chosen  # (C true, C labelled), if right
    unsure = max(1 - _mean_iou(believed), 0.0)
    missed = 1 - rates.diagonal().mean() + CHANCE / n_strokes
    return float(unsure**UNSURE_POWER * np.sqrt(missed))


def _mean_iou(matrix: np.ndarray) -> float:
    hits = matrix.diagonal()
    return float((hits / np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1) - hits, 1e-9)).mean())


def _too_few(painted: Painted, n_classes: int) -> str:
    """Say how many strokes are missing; "" where there are enough."""
    _, first = np.unique(painted.strokes, return_index=True)
    counts = np.bincount(painted.values[first], minlength=n_classes + 1)[1 : n_classes + 1]
    lacking = [LEAST_STROKES - int(n) for n in counts if n < LEAST_STROKES]
    if not lacking:
        return ""
    where = "one class" if len(lacking) == 1 else f"{len(lacking)} classes"
    n_more = f"{sum(lacking)} more stroke{'s' if sum(lacking) > 1 else ''}"
    return (
        f"Too few strokes to tell how good it is: each class needs {LEAST_STROKES}, apart from "
        f"each other. Paint {n_more}, in {where}."
    )
