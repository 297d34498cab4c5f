"""Learn from strokes in the time of a glance, trusting a network as far as the strokes do.

A network's own classes, matched to the painted ones, are the first answer; features before its last
layer and filters correct it. Where the network does not tell the painted classes apart, all of them
count; else how much is learned is decided by strokes that are held back.
"""

from dataclasses import dataclass

import numpy as np

from sandseg.errors import TrainingError
from sandseg.teach.learning.pixel_classifier import Classifier
from sandseg.teach.learning.regression import (
    DOUBT,
    Examples,
    Recipe,
    fit,
    knots_of,
    match_classes,
    matched,
    n_log_probabilities,
)

MOST_PIXELS = 1500  # learned from: neighbours in a stroke say the same
MOST_FOLDS = 3
RECIPES = (  # from the strongest belief in the network to the weakest
    Recipe("network", False, 1, 1.0, 1.0),
    Recipe("network, corrected a little", True, 1, 0.3, 1.0),
    Recipe("network, corrected", True, 1, 0.1, 1.0),
    Recipe("network, corrected in detail", True, 3, 0.1, 1.0),
    Recipe("strokes alone", True, 3, 0.01, 0.0),
)
OWN_CLASSES = RECIPES[3]  # for classes that the network does not know
# Share of a class's painted pixels that the matched answer has wrong. Of classes a network knows,
# on other rocks and few strokes, 0.25 was the most; of others 0.3 and more nearly always.
UNKNOWN = 0.3
NO_MATTER = 0.02  # share of wrong pixels in held-back strokes that is no reason to learn more
EXPLAINS = 0.15  # share of wrong pixels up to which a recipe does where none can be held back
CORRECTION = Recipe("network's own answer, corrected", True, 3, 0.01, 1.0, bias_penalty=1000.0)
# Painted pixels that weigh as much as the network's answer to whole slices: a share of theirs, but
# no more than strokes can ever outweigh. It weighs as many times that as leaves strokes followed:
# what it weighs protects all that nobody painted.
START_SHARE, START_PIXELS = 0.023, 6000
START_TIMES = (4.0, 1.5)  # each takes as long as any other learning
FOLLOWED = 0.75  # share of painted pixels that the network had wrong, and that are as painted then
MOST_CHANCE = 0.03  # share of wrong pixels that is never put down to chance


@dataclass(frozen=True, eq=False)
class Start:
    """A network's own answer to begin with, so that strokes correct it.

    `features` (Q, F) float32 of pixels drawn from the slices, painted or not; `matching` (K, C)
    says which class each of the network's is: rows sum to 1, the identity where they are the same.
    A column of zeros is a class that only strokes know. `n_pixels` is the size of the slices.
    """

    features: np.ndarray
    matching: np.ndarray
    n_pixels: int

    @property
    def weight(self) -> float:
        """How many painted pixels its answer weighs as much as."""
        return min(START_SHARE * self.n_pixels, START_PIXELS)


@dataclass(frozen=True, eq=False)
class Painted:
    """Painted pixels: (P, F) float32 features, (P,) values from 1, (P,) numbers of strokes."""

    features: np.ndarray
    values: np.ndarray
    strokes: np.ndarray

    def take(self, which: np.ndarray) -> "Painted":
        """Return some of the pixels."""
        return Painted(self.features[which], self.values[which], self.strokes[which])

    def thinned(self, n_pixels: int) -> "Painted":
        """Return at most so many of the pixels, always the same ones."""
        if len(self.values) <= n_pixels:
            return self
        drawn = np.random.default_rng(0).permutation(len(self.values))[:n_pixels]
        first = np.unique(self.strokes, return_index=True)[1]  # no stroke is left out
        return self.take(np.union1d(drawn, first))


def learn(
    features: np.ndarray,
    values: np.ndarray,
    strokes: np.ndarray,
    n_classes: int,
    start: Start | None = None,
) -> Classifier:
    """Learn from painted pixels; the same pixels give the same classifier.

    Args:
        features: (P, F) float32 of P painted pixels, by slice, row and column.
        values: (P,) uint8, the class of each from 1 on.
        strokes: (P,) integers: which stroke each belongs to.
        n_classes: Number of classes C; one that nothing is painted in is never answered.
        start: A network's own answer, which the strokes then correct; one class will do.

    Raises:
        TrainingError: Fewer than two classes are painted, and there is no start.
    """
    if np.unique(values).size < (2 if start is None else 1):
        raise TrainingError(
            "There is nothing to tell apart: fewer than two classes are painted.",
            hint="Paint a stroke in at least two classes.",
        )
    painted = Painted(features, values, strokes).thinned(MOST_PIXELS)
    if start is not None:
        return _corrected(painted, n_classes, start, start.weight / len(values))
    return fit_recipe(painted, n_classes, choose_recipe(painted, n_classes))


def _corrected(painted: Painted, n_classes: int, start: Start, weight: float) -> Classifier:
    """Correct a network where strokes say so, and change as little else as that takes."""
    n_logs = len(start.matching)
    own = matched(painted.features[:, :n_logs].astype(np.float64), start.matching)
    was_wrong = painted.take(own.argmax(axis=1) != painted.values - 1)
    for times in START_TIMES:
        found = fit_recipe(painted, n_classes, CORRECTION, start, times * weight)
        if not len(was_wrong.values) or _is_wrong(found, was_wrong).mean() <= 1 - FOLLOWED:
            break
    return found


def choose_recipe(painted: Painted, n_classes: int) -> Recipe:
    """Choose how much to learn: no more than labels held-back strokes better, beyond chance.

    The one-standard-error rule (Breiman et al., Classification and Regression Trees, 1984), on
    mistakes: a stroke lies where a hand is sure, so it tells nothing of how sure to be elsewhere.
    """
    n_logs = n_log_probabilities(painted.features)
    if not n_logs:
        return RECIPES[-1]
    if not _knows(painted, n_classes, n_logs):
        return OWN_CLASSES
    folds = fold_numbers(painted)
    if folds is None:
        return _simplest_that_explains(painted, n_classes)
    wrong = np.stack([_held_back_mistakes(painted, folds, n_classes, one) for one in RECIPES])
    best = wrong[wrong.mean(axis=1).argmin()]
    worse = wrong - best  # (recipes, strokes)
    chance = np.minimum(worse.std(axis=1) / np.sqrt(worse.shape[1]), MOST_CHANCE)
    is_as_good = worse.mean(axis=1) <= chance + NO_MATTER
    return RECIPES[int(np.flatnonzero(is_as_good)[0])]


def _knows(painted: Painted, n_classes: int, n_logs: int) -> bool:
    """Whether a network's first `n_logs` features tell all painted classes apart by themselves."""
    logs = painted.features[:, :n_logs].astype(np.float64)
    targets = (np.arange(n_classes) == painted.values[:, None] - 1).astype(np.float64)
    answers = matched(logs, match_classes(logs, targets))
    is_wrong = answers.argmax(axis=1) != painted.values - 1
    shares = is_wrong @ targets / np.maximum(targets.sum(axis=0), 1)
    return bool(shares.max() <= UNKNOWN)


def fold_numbers(painted: Painted, most: int = MOST_FOLDS) -> np.ndarray | None:
    """Deal whole strokes out to folds, each class by turns.

    Returns:
        (P,) number of the fold of each pixel; None where a class has one stroke only.
    """
    strokes, first, index = np.unique(painted.strokes, return_index=True, return_inverse=True)
    of_class = painted.values[first]
    n_folds = min(most, np.unique(of_class, return_counts=True)[1].min())
    if n_folds < 2:
        return None
    folds = np.zeros(len(strokes), int)
    for value in np.unique(of_class):
        mine = np.flatnonzero(of_class == value)
        folds[mine[np.argsort(first[mine], kind="stable")]] = np.arange(len(mine)) % n_folds
    return folds[index]


def _held_back_mistakes(
    painted: Painted, folds: np.ndarray, n_classes: int, recipe: Recipe
) -> np.ndarray:
    """Return the share of wrong pixels of each stroke, held back by turns."""
    found = np.zeros(len(painted.values))
    for fold in range(folds.max() + 1):
        classifier = fit_recipe(painted.take(folds != fold), n_classes, recipe)
        held = np.flatnonzero(folds == fold)
        found[held] = _is_wrong(classifier, painted.take(held))
    _, index = np.unique(painted.strokes, return_inverse=True)
    return np.bincount(index, found) / np.bincount(index)


def _simplest_that_explains(painted: Painted, n_classes: int) -> Recipe:
    """Return the first recipe by which most painted pixels are what they are painted as."""
    for recipe in RECIPES[:-1]:
        if _is_wrong(fit_recipe(painted, n_classes, recipe), painted).mean() < EXPLAINS:
            return recipe
    return RECIPES[-1]


def _is_wrong(classifier: Classifier, painted: Painted) -> np.ndarray:
    return classifier.probabilities(painted.features).argmax(axis=1) != painted.values - 1


def fit_recipe(
    painted: Painted,
    n_classes: int,
    recipe: Recipe,
    start: Start | None = None,
    start_weight: float = 1.0,
) -> Classifier:
    """Learn as a recipe says, from all of the painted pixels.

    The pixels of a start, together, count `start_weight` times as much as all painted ones.
    """
    n_logs = n_log_probabilities(painted.features) if start is None else len(start.matching)
    features, values = painted.features, painted.values
    targets = (np.arange(n_classes) == values[:, None] - 1).astype(np.float64)
    weights = np.full(len(values), 1 / len(values))
    matching = match_classes(features[:, :n_logs], targets)
    if start is not None:
        own = np.exp(start.features[:, :n_logs].astype(np.float64)) @ start.matching
        # A class the network does not know is possible anywhere.
        is_new = targets.any(axis=0) & ~start.matching.any(axis=0)
        matching = (start.matching + DOUBT * is_new).astype(np.float32)
        own /= own.sum(axis=1, keepdims=True)
        features = np.concatenate([features, start.features])
        targets = np.concatenate([targets, own])
        weights = np.concatenate([weights, np.full(len(own), start_weight / len(own))])
        weights /= weights.sum()
    answers = matched(features[:, :n_logs].astype(np.float64), matching)
    used = features if recipe.uses_filters else features[:, :n_logs]
    knots = knots_of(used, recipe.n_segments)
    found, bias = fit(Examples(used, targets, weights, answers), knots, recipe)
    n_segments, n_features = recipe.n_segments, features.shape[1]
    all_knots = np.zeros((n_segments + 1, n_features), np.float32)
    all_knots[:, : used.shape[1]] = knots
    all_weights = np.zeros((n_segments, n_features, n_classes), np.float32)
    all_weights[:, : used.shape[1]] = found.reshape(n_segments, -1, n_classes)
    bias = np.where(targets.any(axis=0), bias, -1e3)
    return Classifier(
        all_knots,
        all_weights,
        bias.astype(np.float32),
        matching,
        np.array(recipe.trust, np.float32),
        np.array(recipe.name),
    )
