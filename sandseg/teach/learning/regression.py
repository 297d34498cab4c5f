"""Logistic regression on clipped features, with a network's answer as what is believed before."""

from dataclasses import dataclass

import numpy as np

from sandseg.teach.learning.minimize import minimize

MOST_ROUNDS = 80  # of the search; what is left to gain then changes no label
NEVER = -1e3  # score of a class in which nothing is painted
ONE_CORE = 2**18  # multiplications up to which OpenBLAS stays on one core, and gives one result
LEAST = 1e-6  # probability a network's answer is taken to have at least
MOST_LOGS = 32  # classes a network may have
DOUBT = 0.01  # added to how often a network's class is painted as a class


@dataclass(frozen=True)
class Recipe:
    """How much is learned.

    `uses_filters`: of all features, not of the network's log-probabilities alone. Each is cut into
    `n_segments` straight pieces. `penalty` on the weights, and `bias_penalty` times as much on what
    makes a class likelier everywhere. `trust` in the network's own answer.
    """

    name: str
    uses_filters: bool
    n_segments: int
    penalty: float
    trust: float
    bias_penalty: float = 0.1


@dataclass(frozen=True, eq=False)
class Examples:
    """P pixels to learn from.

    `features` (P, F) float32, `targets` (P, C) float64 and `weights` (P,) float64 both sum to 1.
    `answers` (P, C) float64 are log-probabilities of the network, matched to the classes.
    """

    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    answers: np.ndarray


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return probabilities over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def n_log_probabilities(features: np.ndarray) -> int:
    """Return how many of the first features of (P, F) are the log-probabilities of a network.

    They make 1 together; what follows, a grey value from 0 to 1, would add more than another 1.
    """
    logs = features[:, :MOST_LOGS].astype(np.float64)
    sums = np.exp(np.minimum(logs, 1)).cumsum(axis=1)
    found = np.flatnonzero((np.abs(sums - 1) < 0.02).all(axis=0))
    return int(found[-1]) + 1 if found.size and found[-1] > 0 else 0


def match_classes(logs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Tell which of a network's K classes are painted as which of C.

    Args:
        logs: (P, K) log-probabilities of painted pixels.
        targets: (P, C), 1 where a pixel is painted in a class.

    Returns:
        (K, C) float32: probability of each class where the network says k, classes being equal.
    """
    shares = targets / np.maximum(targets.sum(axis=0), 1)  # each class counts the same
    met = np.exp(logs.astype(np.float64)).T @ shares + DOUBT * targets.any(axis=0)
    return (met / met.sum(axis=1, keepdims=True)).astype(np.float32)


def matched(logs: np.ndarray, matching: np.ndarray) -> np.ndarray:
    """Return (P, C): log-probabilities of the classes, as (P, K) of a network and a match say."""
    return np.log(np.maximum(np.exp(logs) @ matching, np.asarray(LEAST, logs.dtype)))


def knots_of(features: np.ndarray, n_segments: int) -> np.ndarray:
    """Return (S + 1, F) float32: where each feature of (P, F) begins, bends, and ends.

    Beyond what was painted nothing is known, so nothing changes there: features of borders, which
    no careful hand paints on, are far outside.
    """
    ordered = np.sort(features, axis=0)
    places = np.linspace(0, len(ordered) - 1, n_segments + 1).round().astype(int)
    return ordered[places].astype(np.float32)


def segments(features: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return (P, S * F): how far each of (P, F) features reaches into each of its segments."""
    pairs = zip(knots[:-1], knots[1:], strict=True)
    return np.concatenate([np.clip(features, low, high) - low for low, high in pairs], axis=1)


def fit(examples: Examples, knots: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Find the weights that explain the examples best, as few as that takes.

    Args:
        examples: Whose features are those the recipe uses.
        knots: (S + 1, F) of them.
        recipe: Penalty on the weights, and trust in the answers.

    Returns:
        (S * F, C) float64 weights of segments, and (C,) float64 bias.
    """
    reach = segments(examples.features, knots).astype(np.float64)
    mean, spread = reach.mean(axis=0), reach.std(axis=0)
    is_of_use = spread > 1e-5
    spread = np.where(is_of_use, spread, np.inf)
    x = (reach - mean) / spread
    start = recipe.trust * examples.answers
    targets, n_classes = examples.targets * examples.weights[:, None], examples.targets.shape[1]
    start = start + np.where(targets.any(axis=0), 0, NEVER)
    penalty = np.full((x.shape[1] + 1, 1), recipe.penalty)
    penalty[-1] *= recipe.bias_penalty

    # More cores would wait for each other longer than they work, and round in another order.
    n_rows = max(ONE_CORE // (x.shape[1] * n_classes), 1)
    blocks = [x[i : i + n_rows] for i in range(0, len(x), n_rows)]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, n_classes)
        scores = np.concatenate([block @ weights[:-1] for block in blocks])
        found = softmax(scores + weights[-1] + start)
        wrong = found * examples.weights[:, None] - targets
        value = -(targets * np.log(np.maximum(found, 1e-300))).sum()
        parts = (wrong[i * n_rows : (i + 1) * n_rows] for i in range(len(blocks)))
        slope = sum(block.T @ part for block, part in zip(blocks, parts, strict=True))
        slope = np.concatenate([slope, wrong.sum(axis=0, keepdims=True)])
        slope += penalty * weights
        return value + (penalty * weights**2).sum() / 2, slope.ravel()

    first = np.zeros((x.shape[1] + 1) * n_classes)
    best = minimize(loss, first, MOST_ROUNDS).reshape(-1, n_classes)
    weights = best[:-1] / spread[:, None]
    return weights, best[-1] - mean @ weights
