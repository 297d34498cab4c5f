"""Parts of a slice, seen in a blink before all of it is: nearly as the whole slice shows them.

A cell is seen with some pixels around it, as far as networks and filters mostly look; what lies
beyond is what makes the difference.
"""

from collections.abc import Collection, Iterator

import numpy as np

from sandseg.classes import IGNORED
from sandseg.grey.survey import spread_slices
from sandseg.predict.sight import Sight, sight_of
from sandseg.predict.slices import Predictor, SeenSlice, SlicePrediction
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.learning.pixel_classifier import Classifier

CELL, MARGIN = 192, 32  # pixels
N_SCOUTED = 2**14  # pixels of a slice at most: about 2 MB
MOST_ROWS = 6  # of cells that are scouted in a slice, and of columns

Cell = tuple[int, int]  # row and column of cells


class Glimpses:
    """The cells of a slice that were looked at; one thread adds some while others read."""

    def __init__(self, predictor: Predictor, seen: SeenSlice):
        self.predictor, self.seen = predictor, seen
        self._sights: dict[Cell, Sight] = {}

    @property
    def n_bytes(self) -> int:
        """Memory that is kept."""
        return self.seen.grey.nbytes + sum(sight.n_bytes for sight in list(self._sights.values()))

    @property
    def cells(self) -> set[Cell]:
        """Those that were looked at."""
        return set(self._sights)

    def add(self, maker: FeatureMaker, cell: Cell) -> None:
        """Look at a cell."""
        (top, bottom), (left, right) = self._window(cell)
        here = np.s_[top:bottom, left:right]
        seen = self.seen
        part = SeenSlice(seen.grey[here], seen.unseen[here], seen.sample[here])
        self._sights[cell] = sight_of(self.predictor, maker, part)

    def at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return (P, F) float32, the features of P pixels of the slice, in cells looked at."""
        n_features = next(iter(self._sights.values())).n_features
        found = np.empty((len(rows), n_features), np.float32)
        numbers = np.stack([rows // CELL, columns // CELL])
        for cell in cells_of(rows, columns):
            here = (numbers == np.array(cell)[:, None]).all(axis=0)
            (top, _), (left, _) = self._window(cell)
            found[here] = self._sights[cell].at(rows[here] - top, columns[here] - left)
        return found

    def answer_at(
        self, classifier: Classifier, rows: np.ndarray, columns: np.ndarray
    ) -> SlicePrediction:
        """Answer where rows cross columns, as `Sight.answer_at` does.

        Where nobody looked the label is `IGNORED`, and the confidence NaN.
        """
        labels = np.full((len(rows), len(columns)), IGNORED, np.uint8)
        confidence = np.full(labels.shape, np.nan, np.float32)
        for (y, x), sight in list(self._sights.items()):
            down, across = np.flatnonzero(rows // CELL == y), np.flatnonzero(columns // CELL == x)
            if len(down) and len(across):
                (top, _), (left, _) = self._window((y, x))
                found = sight.answer_at(classifier, rows[down] - top, columns[across] - left)
                labels[np.ix_(down, across)] = found.labels
                confidence[np.ix_(down, across)] = found.confidence
        return SlicePrediction(labels, confidence)

    def _window(self, cell: Cell) -> Iterator[tuple[int, int]]:
        """Return first row and the one after the last that a cell is seen with; columns, too."""
        for number, length in zip(cell, self.seen.grey.shape, strict=True):
            size = min(CELL + 2 * MARGIN, length)
            start = min(max(number * CELL - MARGIN, 0), length - size)
            yield start, start + size


def cells_of(rows: np.ndarray, columns: np.ndarray) -> list[Cell]:
    """Return the cells that pixels lie in, in order."""
    return sorted(set(zip((rows // CELL).tolist(), (columns // CELL).tolist(), strict=True)))


def cells_painted(values: np.ndarray) -> list[Cell]:
    """Return the cells of a slice, (Y, X) uint8, that something is painted in."""
    by_rows = np.maximum.reduceat(values, np.arange(0, values.shape[0], CELL), axis=0)
    found = np.maximum.reduceat(by_rows, np.arange(0, values.shape[1], CELL), axis=1)
    return [(y, x) for y, x in np.argwhere(found).tolist()]


def is_worth_it(cells: Collection[Cell], shape: tuple[int, int], most: float) -> bool:
    """Whether to look at some cells takes at most that share of the time that all (Y, X) takes."""
    return len(cells) * (CELL + 2 * MARGIN) ** 2 <= most * shape[0] * shape[1]


class Scout:
    """Features of a grid of pixels, cell by cell: of a slice that nobody needs to have opened.

    `step` is the distance of two pixels, `rows` and `columns` are where they lie. `unseen`, (R, K)
    bool, is where nothing is known.
    """

    def __init__(self, predictor: Predictor, seen: SeenSlice):
        shape = seen.grey.shape
        self.step = max(int(np.ceil(np.sqrt(shape[0] * shape[1] / N_SCOUTED))), 1)
        self.rows, self.columns = (np.arange(0, length, self.step) for length in shape)
        self.unseen = np.ones((len(self.rows), len(self.columns)), bool)
        self._features: np.ndarray | None = None  # (R, K, F) float16
        self._glimpses: Glimpses | None = Glimpses(predictor, seen)
        down, across = (spread_slices(-(-length // CELL), MOST_ROWS) for length in shape)
        self._todo = [(y, x) for y in down for x in across]

    @property
    def n_bytes(self) -> int:
        """Memory that is kept."""
        kept = 0 if self._features is None else self._features.nbytes
        return kept + (self._glimpses.n_bytes if self._glimpses else 0)

    @property
    def is_done(self) -> bool:
        """Whether all is seen that is meant to be."""
        return not self._todo

    def go_on(self, maker: FeatureMaker) -> None:
        """Look at one more cell."""
        cell = self._todo.pop(0)
        one = Glimpses(self._glimpses.predictor, self._glimpses.seen)
        one.add(maker, cell)
        down, across = (
            np.flatnonzero(places // CELL == number)
            for places, number in zip((self.rows, self.columns), cell, strict=True)
        )
        self._take(one, down, across)

    def take_all(self, sight: Sight) -> None:
        """Take all from a slice whose features are at hand."""
        self._todo.clear()
        self._take(sight, np.arange(len(self.rows)), np.arange(len(self.columns)))

    def probabilities(self, classifier: Classifier) -> np.ndarray:
        """Answer all pixels of the grid, (R, K, C) float32."""
        return classifier.probabilities(self._features.astype(np.float32))

    def _take(self, source: Sight | Glimpses, down: np.ndarray, across: np.ndarray) -> None:
        rows, columns = self.rows[down], self.columns[across]
        found = source.at(np.repeat(rows, len(columns)), np.tile(columns, len(rows)))
        if self._features is None:
            self._features = np.zeros((*self.unseen.shape, found.shape[1]), np.float16)
        here = np.ix_(down, across)
        self._features[here] = found.reshape(len(rows), len(columns), -1)
        self.unseen[here] = source.seen.unseen[np.ix_(rows, columns)]
        if self.is_done:
            self._glimpses = None
