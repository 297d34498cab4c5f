"""What was learned from strokes: numbers that give each pixel its class probabilities."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sandseg.atomic import replacing
from sandseg.errors import ModelError
from sandseg.model.engine import n_cores
from sandseg.teach.learning.features import TileFeatures
from sandseg.teach.learning.regression import ONE_CORE, matched, softmax

ROWS_AT_ONCE = 64  # answered at once: bounds the memory


@dataclass(frozen=True, eq=False)
class Classifier:
    """Scores of classes: a straight line in each of S segments of each of F features.

    `knots` (S + 1, F) and `weights` (S, F, C) float32; `bias` (C,) float32. To them is added the
    network's own log-probability of each class, by `matching` (K, C) float32 of its first K
    features, times `trust` () float32. `recipe` () is the name of how it was learned.
    """

    knots: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    matching: np.ndarray
    trust: np.ndarray
    recipe: np.ndarray

    @property
    def n_classes(self) -> int:
        """Number of classes C."""
        return len(self.bias)

    @property
    def n_features(self) -> int:
        """Number of features F."""
        return self.knots.shape[1]

    def probabilities(self, features: TileFeatures | np.ndarray) -> np.ndarray:
        """Return (…, C) float32 probabilities, which sum to 1, for (…, F) features.

        For (N, Y, X, F) features of tiles each class is a plane of its own in memory.
        """
        if not isinstance(features, TileFeatures):
            flat = np.ascontiguousarray(features.reshape(-1, features.shape[-1]).T, np.float32)
            scores = self._scores(flat, slice(None)) + self._answers(flat)
            found = softmax((scores + self.bias[:, None]).T)
            return found.reshape(*features.shape[:-1], -1)
        n, height, width, _ = features.shape
        planes = np.empty((n, self.n_classes, height, width), np.float32)
        starts = [(i, y) for i in range(n) for y in range(0, height, ROWS_AT_ONCE)]

        def fill(start: tuple[int, int]) -> None:
            i, y = start
            rows = np.s_[y : y + ROWS_AT_ONCE]
            planes[i, :, rows] = self._answer(features, i, rows)

        with ThreadPoolExecutor(n_cores()) as pool:  # the sums run outside the GIL
            list(pool.map(fill, starts))
        return np.moveaxis(planes, 1, -1)

    def _answer(self, features: TileFeatures, n: int, rows: slice) -> np.ndarray:
        """Return (C, Y, X) float32 probabilities of some rows of a tile."""
        scores, first = self.bias[:, None, None], 0
        for planes, row_of, column_of in features.planes(n, rows):
            flat = planes.reshape(len(planes), -1)
            found = self._scores(flat, slice(first, first + len(flat)))
            if not first:
                found += self._answers(flat)
            found = found.reshape(-1, *planes.shape[1:])
            scores = scores + found[:, row_of][..., column_of]
            first += len(flat)
        scores -= scores.max(axis=0)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=0)
        return scores

    def _scores(self, flat: np.ndarray, which: slice) -> np.ndarray:
        """Return (C, P) float32: what some of the features, (F', P), add to the scores."""
        knots, weights = self.knots[:, which, None], self.weights[:, which]
        before = np.einsum("sf,sfc->c", self.knots[:-1, which], weights)
        total = np.empty((self.n_classes, flat.shape[1]), np.float32)
        turned = np.ascontiguousarray(weights.transpose(0, 2, 1))
        n_at_once = max(ONE_CORE // (self.n_classes * len(flat)), 1)
        for start in range(0, flat.shape[1], n_at_once):  # what stays in a core's own memory
            pixels = np.s_[:, start : start + n_at_once]
            values = flat[pixels]
            scores = -before[:, None]
            for low, high, used in zip(knots[:-1], knots[1:], turned, strict=True):
                scores = scores + used @ np.clip(values, low, high)
            total[pixels] = scores
        return total

    def _answers(self, flat: np.ndarray) -> np.ndarray | float:
        """Return (C, P) float32: what the network's own answer adds to the scores."""
        if not self.trust:
            return np.float32(0)
        return self.trust * matched(flat[: len(self.matching)].T, self.matching).T

    def save(self, path: Path) -> None:
        """Write a .npz file of plain numbers, whole or not at all."""
        with replacing(path) as file:
            np.savez_compressed(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Read a classifier; the file cannot run code.

        Raises:
            ModelError: The file is missing, damaged, or no classifier.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                found = cls(**{one.name: file[one.name] for one in fields(cls)})
            found.check()
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise ModelError(
                f"The classifier {path.name} is missing or damaged.",
                hint="Restore the file from its source, or teach the model again.",
            ) from error
        return found

    def check(self) -> None:
        """Check that the numbers fit together.

        Raises:
            ValueError: They do not.
        """
        (n_knots, n_features), n_classes = self.knots.shape, len(self.bias)
        n_matched = len(self.matching)
        fit = (
            self.weights.shape == (n_knots - 1, n_features, n_classes)
            and self.bias.shape == (n_classes,)
            and n_matched <= n_features
            and (not n_matched or self.matching.shape == (n_matched, n_classes))
            and self.trust.shape == self.recipe.shape == ()
        )
        numbers = (self.knots, self.weights, self.bias, self.matching, self.trust)
        if not (fit and all(n.dtype == np.float32 and np.isfinite(n).all() for n in numbers)):
            raise ValueError("the numbers of the classifier do not fit together")
