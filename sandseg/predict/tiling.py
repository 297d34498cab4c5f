"""Cut a slice of any size into tiles, predict each through a callable, blend them back."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandseg.config import TilingConfig
from sandseg.model.engine import PredictBatch


@dataclass(frozen=True)
class AxisTiles:
    """How one axis is cut: every tile is `tile_length` long; `padded_length` is what they cover."""

    starts: tuple[int, ...]
    tile_length: int
    padded_length: int
    overlap: int

    def weights(self) -> list[np.ndarray]:
        """Return (tile_length,) float32 in (0, 1] for each tile: ramps where it has a neighbour.

        The weights of all tiles that see a pixel sum to 1, however many these are.
        """
        ramps = [self._ramps(index) for index in range(len(self.starts))]
        windows = [slice(start, start + self.tile_length) for start in self.starts]
        total = np.zeros(self.padded_length, np.float32)
        for window, ramp in zip(windows, ramps, strict=True):
            total[window] += ramp
        return [ramp / total[window] for window, ramp in zip(windows, ramps, strict=True)]

    def _ramps(self, index: int) -> np.ndarray:
        ramps = np.ones(self.tile_length, np.float32)
        if index > 0:
            shared = self.starts[index - 1] + self.tile_length - self.starts[index]
            ramps[:shared] *= _ramp(shared)
        if index < len(self.starts) - 1:
            shared = self.starts[index] + self.tile_length - self.starts[index + 1]
            ramps[self.tile_length - shared :] *= _ramp(shared)[::-1]
        return ramps


def axis_tiles(length: int, config: TilingConfig, stride: int) -> AxisTiles:
    """Cut an axis into the fewest tiles of equal length that share at least the overlap.

    Args:
        length: Length of the axis in pixels.
        config: Largest tile (but at least one stride) and smallest overlap (but at least one
            stride less than the tile).
        stride: Tiles are multiples of this, in pixels.

    Returns:
        Tiles whose starts rise evenly from 0; the axis is padded where it is not a multiple.
    """
    largest = max(config.tile_size // stride, 1) * stride
    overlap = min(math.ceil(config.overlap / stride) * stride, largest - stride)
    if length <= largest:
        padded = math.ceil(length / stride) * stride
        return AxisTiles((0,), padded, padded, overlap)
    n_tiles = math.ceil((length - overlap) / (largest - overlap))
    tile_length = math.ceil((length + (n_tiles - 1) * overlap) / n_tiles / stride) * stride
    # Starts on the network's own grid: a tile then sees pixels pooled as the whole slice would.
    last = math.ceil((length - tile_length) / stride) * stride
    starts = tuple(int(i * last / (n_tiles - 1)) // stride * stride for i in range(n_tiles))
    return AxisTiles(starts, tile_length, starts[-1] + tile_length, overlap)


def predict_tiled(
    image: np.ndarray,
    predict_batch: PredictBatch,
    config: TilingConfig | None = None,
    stride: int = 1,
) -> np.ndarray:
    """Predict a slice of any size tile by tile.

    Args:
        image: (Y, X) float32 in [0, 1].
        predict_batch: Gives the probabilities of a batch of tiles.
        config: How to cut; the default suits the shipped models.
        stride: Tiles are multiples of this, in pixels.

    Returns:
        (Y, X, C) float32 probabilities, blended linearly where tiles overlap.
    """
    bands = [*predict_bands(image, predict_batch, config, stride)]
    return bands[0] if len(bands) == 1 else np.concatenate(bands)


def predict_bands(
    image: np.ndarray,
    predict_batch: PredictBatch,
    config: TilingConfig | None = None,
    stride: int = 1,
) -> Iterator[np.ndarray]:
    """Predict a slice as `predict_tiled` does, and give it band by band, from the top.

    One row of tiles is in memory at a time, however large the slice is.

    Yields:
        (B, X, C) float32 probabilities of the next B rows.
    """
    config = config or TilingConfig()
    height, width = image.shape
    rows, columns = axis_tiles(height, config, stride), axis_tiles(width, config, stride)
    pad = ((0, rows.padded_length - height), (0, columns.padded_length - width))
    padded = np.pad(image, pad, mode="symmetric") if np.any(pad) else image
    if len(rows.starts) == len(columns.starts) == 1:
        yield predict_batch(padded[None, ..., None])[0, :height, :width]
        return

    begun = None  # rows of the band that the tiles above see, too
    ends = [*rows.starts[1:], height]
    for y, end, row_weights in zip(rows.starts, ends, rows.weights(), strict=True):
        band = None
        for x, column_weights in zip(columns.starts, columns.weights(), strict=True):
            window = np.s_[y : y + rows.tile_length, x : x + columns.tile_length]
            probabilities = predict_batch(padded[window][None, ..., None])[0]  # (T, T', C)
            if band is None:
                shape = rows.tile_length, columns.padded_length
                planes = np.zeros((probabilities.shape[-1], *shape), np.float32)
                band = np.moveaxis(planes, 0, -1)  # (T, X, C), in memory as engines give it
                if begun is not None:
                    band[: len(begun)] = begun
            weights = np.outer(row_weights, column_weights)
            band[:, window[1]] += probabilities * weights[..., None]
        yield band[: end - y, :width]
        begun = band[end - y :]


def _ramp(length: int) -> np.ndarray:
    """Rise from near 0 to near 1; a ramp and its mirror image add up to 1."""
    return (np.arange(length, dtype=np.float32) + 0.5) / length
