"""Cut a slice of any size into tiles, predict each through a callable, blend them back."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sandseg.config import TilingConfig

# (N, T, T', 1) float32 images to (N, T, T', C) float32 probabilities
PredictBatch = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class AxisTiles:
    """How one axis is cut: every tile is `tile_length` long; `padded_length` is what they cover."""

    starts: tuple[int, ...]
    tile_length: int
    padded_length: int
    overlap: int

    def weights(self, index: int) -> np.ndarray:
        """Return (tile_length,) float32 in (0, 1]: ramps where the tile has a neighbour."""
        weights = np.ones(self.tile_length, np.float32)
        if index > 0:
            shared = self.starts[index - 1] + self.tile_length - self.starts[index]
            weights[:shared] *= _ramp(shared)
        if index < len(self.starts) - 1:
            shared = self.starts[index] + self.tile_length - self.starts[index + 1]
            weights[-shared:] *= _ramp(shared)[::-1]
        return weights


def axis_tiles(length: int, config: TilingConfig, stride: int) -> AxisTiles:
    """Cut an axis into the fewest tiles of equal length that share at least the overlap.

    Args:
        length: Length of the axis in pixels.
        config: Largest tile and smallest overlap.
        stride: Tiles are multiples of this, in pixels.

    Returns:
        Tiles whose starts rise evenly from 0; the axis is padded where it is not a multiple.
    """
    largest = max(config.tile_size // stride, 1) * stride
    overlap = min(config.overlap, largest - stride)
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
    config = config or TilingConfig()
    height, width = image.shape
    rows, columns = axis_tiles(height, config, stride), axis_tiles(width, config, stride)
    pad = ((0, rows.padded_length - height), (0, columns.padded_length - width))
    padded = np.pad(image, pad, mode="symmetric")
    if len(rows.starts) == len(columns.starts) == 1:
        return predict_batch(padded[None, ..., None])[0, :height, :width]

    blended = None
    for row, y in enumerate(rows.starts):
        for column, x in enumerate(columns.starts):
            window = np.s_[y : y + rows.tile_length, x : x + columns.tile_length]
            probabilities = predict_batch(padded[window][None, ..., None])[0]  # (T, T', C)
            if blended is None:
                blended = np.zeros((*padded.shape, probabilities.shape[-1]), np.float32)
            weights = np.outer(rows.weights(row), columns.weights(column))
            blended[window] += probabilities * weights[..., None]
    return blended[:height, :width]


def _ramp(length: int) -> np.ndarray:
    """Rise from near 0 to near 1; a ramp and its mirror image add up to 1."""
    return (np.arange(length, dtype=np.float32) + 0.5) / length
