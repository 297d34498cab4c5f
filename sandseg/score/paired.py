"""Two ways to label compared on the same strokes, which neither learned from."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

LEVEL = 0.05  # chance up to which one is called better though both are alike
SMALLEST = 0.01  # share of a stroke that is a difference
LEAST_STROKES = 6  # that differ all one way are no chance: 2 · 0.5⁶ < 0.05


@dataclass(frozen=True)
class StrokeScore:
    """What is found of held-back strokes, a mean over the classes in [0, 1], and 95 % limits."""

    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """A network beside a taught classifier, on `n_strokes` of which it finds more on `n_better`."""

    network: StrokeScore
    taught: StrokeScore
    n_strokes: int
    n_better: int
    n_worse: int

    @property
    def facts(self) -> dict:
        """The same as plain numbers, for a card."""
        return asdict(self)

    @classmethod
    def from_facts(cls, facts: Any) -> "Paired | None":
        """Read what `facts` gave; None where it is something else."""
        try:
            scores = {name: StrokeScore(**facts[name]) for name in ("network", "taught")}
            counts = {name: facts[name] for name in ("n_strokes", "n_better", "n_worse")}
            numbers = [number for score in scores.values() for number in vars(score).values()]
            is_sound = all(type(n) in (int, float) and 0 <= n <= 1 for n in numbers)
            is_sound &= all(type(n) is int and n >= 0 for n in counts.values())
        except (TypeError, KeyError, AttributeError):
            return None
        return cls(**scores, **counts) if is_sound else None

    @property
    def is_too_little(self) -> bool:
        """Whether so few strokes were held back that they could never tell the two apart."""
        return self.n_strokes < LEAST_STROKES

    @property
    def is_told_apart(self) -> bool:
        """Whether chance alone would rarely favor one of two alike (sign test, two-sided)."""
        n, fewer = self.n_better + self.n_worse, min(self.n_better, self.n_worse)
        return n > 0 and 2 * special.bdtr(fewer, n, 0.5) <= LEVEL

    @property
    def verdict(self) -> str:
        """Say in a sentence which of the two is better, or that it cannot be told."""
        if self.is_too_little:
            held = "1 stroke was" if self.n_strokes == 1 else f"{self.n_strokes} strokes were"
            return (
                f"Only {held} held back: too little to tell which is better. "
                f"{LEAST_STROKES} are the least: paint more strokes, and train again."
            )
        counts = (
            f"the network finds more of {self.n_better} of {self.n_strokes} strokes, and less of "
            f"{self.n_worse}"
        )
        if not self.is_told_apart:
            return f"They cannot be told apart: {counts}."
        better = "network" if self.n_better > self.n_worse else "taught classifier"
        return f"The {better} is better: {counts}."

    @property
    def meaning(self) -> str:
        """Say in words what the numbers are."""
        network, taught = (
            f"{one.accuracy:.2f} ({one.low:.2f} to {one.high:.2f})"
            for one in (self.network, self.taught)
        )
        return (
            f"Of strokes that neither learned from, the network finds {network}, the classifier "
            f"that the same strokes teach {taught}, as a mean over the classes. {self.verdict}"
        )


def compare(network: np.ndarray, taught: np.ndarray, values: np.ndarray) -> Paired:
    """Compare what two find of the same strokes.

    Args:
        network: (S,) share of each stroke's pixels that one labels as painted, in [0, 1].
        taught: (S,) the same of the other.
        values: (S,) class of each stroke.
    """
    more = network - taught
    n_better, n_worse = (int((sign * more >= SMALLEST).sum()) for sign in (1, -1))
    scores = (stroke_score(found, values) for found in (network, taught))
    return Paired(*scores, len(values), n_better, n_worse)


def stroke_score(found: np.ndarray, values: np.ndarray) -> StrokeScore:
    """Return the mean over the classes of what is found of each stroke, and its limits.

    A stroke is one observation, whatever its size. The limits are Wilson's (1927), of as many
    observations as the weights leave of the strokes (Kish 1965): 1 / Σ w².

    Args:
        found: (S,) share of each stroke that is found, in [0, 1].
        values: (S,) class of each.
    """
    _, classes, counts = np.unique(values, return_inverse=True, return_counts=True)
    weights = 1 / (len(counts) * counts[classes])
    mean, n = float(weights @ found), float(1 / (weights**2).sum())
    z2 = special.ndtri(0.975) ** 2
    middle = (mean + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2 * (mean * (1 - mean) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    low, high = max(middle - reach, 0.0), min(middle + reach, 1.0)
    return StrokeScore(*(round(float(number), 4) for number in (mean, low, high)))
