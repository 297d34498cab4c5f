"""What is known of each pixel of a slice, kept to be learned from and answered again at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.grey.rescale import nearest_pixels
from sandseg.predict.slices import Predictor, SeenSlice, SlicePrediction, most_probable
from sandseg.predict.tiling import axis_tiles
from sandseg.teach import taught_model
from sandseg.teach.learning.features import FeatureMaker, TileFeatures
from sandseg.teach.learning.pixel_classifier import Classifier


@dataclass(frozen=True, eq=False)
class Sight:
    """A slice as `predictor` brings it to the network, and the features of its tiles, in order.

    Of the grey values only their shape is kept: all that is answered comes from the features.
    """

    predictor: Predictor
    seen: SeenSlice
    tiles: tuple[TileFeatures, ...]

    @property
    def n_bytes(self) -> int:
        """Memory that is kept."""
        arrays = (self.seen.unseen, self.seen.sample, *self.tiles)
        return sum(array.nbytes for array in arrays)

    def at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return (P, F) float32, the features of P pixels of the slice.

        Where tiles overlap they are those of the tile that counts most there.
        """
        (y, tile_y), (x, tile_x) = (
            (one[rows], two[rows]) if axis == 0 else (one[columns], two[columns])
            for axis, (one, two) in enumerate(self._places())
        )
        index = tile_y * self._n_columns + tile_x
        found = np.empty((len(rows), self.n_features), np.float32)
        for n in np.unique(index):
            here = index == n
            found[here] = self.tiles[n].at(y[here], x[here])
        return found

    def probabilities_at(
        self, classifier: Classifier, rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Return (R, K, C) float32 where R rows cross K columns.

        They are those that `predict` goes by, but for pixels where tiles are blended.
        """
        (y, tile_y), (x, tile_x) = self._places()
        y, tile_y, x, tile_x = y[rows], tile_y[rows], x[columns], tile_x[columns]
        found = np.empty((len(rows), len(columns), classifier.n_classes), np.float32)
        for i in np.unique(tile_y):
            for j in np.unique(tile_x):
                part = self.tiles[i * self._n_columns + j].part(y[tile_y == i], x[tile_x == j])
                found[np.ix_(tile_y == i, tile_x == j)] = classifier.probabilities(part)[0]
        return found

    def answer_at(
        self, classifier: Classifier, rows: np.ndarray, columns: np.ndarray
    ) -> SlicePrediction:
        """Answer where rows cross columns: labels (R, K) uint8, confidence (R, K) float32.

        Where nothing was seen the label is `IGNORED`, and the confidence 0.
        """
        found = most_probable(self.probabilities_at(classifier, rows, columns))
        unseen = self.seen.unseen[np.ix_(rows, columns)]
        found.labels[unseen], found.confidence[unseen] = IGNORED, 0
        return found

    def predict(
        self,
        classifier: Classifier,
        classes: tuple[SegmentationClass, ...],
        between: Callable[[], None] = lambda: None,
    ) -> SlicePrediction:
        """Answer the whole slice, as a model that was taught the same does.

        Args:
            classifier: What was learned.
            classes: What its answers mean.
            between: Called every few rows; what it raises ends the work.
        """
        waiting = iter(self.tiles)

        def answer(_tiles: np.ndarray) -> np.ndarray:
            return taught_model.answer(classifier, next(waiting), between)

        return replace(self.predictor, network=answer, classes=classes).answer(self.seen)

    @property
    def n_features(self) -> int:
        """Number of features F."""
        return self.tiles[0].shape[-1]

    @property
    def _n_columns(self) -> int:
        return len(self._axes[1].starts)

    @property
    def _shape(self) -> tuple[int, int]:
        """The shape of the slice as the network sees it: as `rescaled` makes it."""
        zoom = self.predictor.zoom
        return tuple(max(1, round(n * zoom)) if zoom != 1 else n for n in self.seen.grey.shape)

    @property
    def _axes(self) -> list:
        tiling, stride = self.predictor.tiling, self.predictor.stride
        return [axis_tiles(length, tiling, stride) for length in self._shape]

    def _places(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return for each row, and for each column, its place in a tile and that tile's number."""
        places = []
        for axis, length, own in zip(self._axes, self._shape, self.seen.grey.shape, strict=True):
            reach = np.zeros((len(axis.starts), axis.padded_length), np.float32)
            for n, (start, weights) in enumerate(zip(axis.starts, axis.weights(), strict=True)):
                reach[n, start : start + axis.tile_length] = weights
            tile = reach.argmax(axis=0)[:length]
            place = np.arange(length) - np.array(axis.starts)[tile]
            under = nearest_pixels(np.arange(length)[:, None], (own, 1))[:, 0]
            places.append((place[under], tile[under]))
        return places


def look(predictor: Predictor, maker: FeatureMaker, image: np.ndarray) -> Sight:
    """Make the features of a slice.

    Args:
        predictor: How slices are brought to the network, and cut.
        maker: Makes the features of a tile with the same network.
        image: (Y, X) grey values as they stand in the file.
    """
    return sight_of(predictor, maker, predictor.see(image))


def sight_of(predictor: Predictor, maker: FeatureMaker, seen: SeenSlice) -> Sight:
    """Make the features of a slice that was brought to the network's scale, or of a part of it."""
    tiles = []

    def record(batch: np.ndarray) -> np.ndarray:
        tiles.append(maker(batch))
        return np.zeros((*batch.shape[:3], 1), np.float32)

    replace(predictor, network=record).answer(seen)
    no_grey = np.broadcast_to(np.float32(0), seen.grey.shape)  # takes no memory
    return Sight(predictor, replace(seen, grey=no_grey), tuple(tiles))
