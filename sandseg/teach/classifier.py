"""A classifier of pixels that learns from strokes in the time of a glance."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.atomic import replacing
from sandseg.teach.features import TileFeatures

ROWS_AT_ONCE = 64  # answered at once: bounds the memory


@dataclass(frozen=True, eq=False)
class Classifier:
    """Weights of a multinomial logistic regression on standardised features.

    `mean` and `scale` are (F,), `weights` (F, C), `bias` (C,), all float32.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    @property
    def n_classes(self) -> int:
        """Number of classes C."""
        return len(self.bias)

    def probabilities(self, features: TileFeatures | np.ndarray) -> np.ndarray:
        """Return (…, C) float32 probabilities, which sum to 1, for (…, F) features."""
        if isinstance(features, TileFeatures):
            starts = range(0, features.shape[1], ROWS_AT_ONCE)
            blocks = (features.part(np.s_[y : y + ROWS_AT_ONCE], np.s_[:]) for y in starts)
            return np.concatenate([self.probabilities(np.asarray(b)) for b in blocks], axis=1)
        flat = (features.reshape(-1, features.shape[-1]) - self.mean) / self.scale
        return softmax(flat @ self.weights + self.bias).reshape(*features.shape[:-1], -1)

    def save(self, path: Path) -> None:
        """Write a .npz file of plain numbers, whole or not at all."""
        with replacing(path) as file:
            np.savez_compressed(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Read a classifier; the file cannot run code."""
        with np.load(path, allow_pickle=False) as file:
            return cls(**{name: file[name] for name in file.files})


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return probabilities over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def learn(
    features: np.ndarray, values: np.ndarray, strokes: np.ndarray, n_classes: int, start=None
) -> Classifier:
    """Learn from painted pixels.

    Args:
        features: (P, F) float32 of P painted pixels, by slice, row and column.
        values: (P,) uint8, the class of each from 1 on.
        strokes: (P,) integers: which stroke each belongs to.
        n_classes: Number of classes C; one that nothing is painted in is never answered.
        start: What is known beforehand; not used yet.
    """
    from scipy.optimize import minimize

    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    x = ((features - mean) / scale).astype(np.float64)
    of_class = np.arange(n_classes) == values[:, None] - 1
    share = of_class / np.maximum(of_class.sum(axis=0), 1) / np.count_nonzero(of_class.any(axis=0))
    is_there = of_class.any(axis=0)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, n_classes)
        scores = np.where(is_there, x @ weights[:-1] + weights[-1], -1e3)
        found = softmax(scores)
        wrong = found * share.sum(axis=1, keepdims=True) - share
        value = -(share * np.log(np.maximum(found, 1e-300))).sum()
        slope = np.concatenate([x.T @ wrong, wrong.sum(axis=0, keepdims=True)])
        slope[:-1] += 0.01 * weights[:-1]
        return value + 0.005 * (weights[:-1] ** 2).sum(), slope.ravel()

    first = np.zeros((x.shape[1] + 1) * n_classes)
    best = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    weights = best.reshape(-1, n_classes).astype(np.float32)
    bias = np.where(is_there, weights[-1], -1e3).astype(np.float32)
    return Classifier(mean, scale, weights[:-1], bias)
