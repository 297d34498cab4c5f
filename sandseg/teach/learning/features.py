"""What is known of each pixel: what a stored network sees before it decides, and filters."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sandseg.errors import ModelError
from sandseg.model.engine import N_SHAPES, n_cores
from sandseg.model.store import StoredModel
from sandseg.teach.learning.filters import filter_tile, surroundings

SCALES = (1, 2, 4)  # pixels a value of each grid is for
_WEIGHTED = ("Convolution", "ConvolutionBackpropData", "MatMul")

Index = np.ndarray | slice


@dataclass(frozen=True, eq=False)
class TileFeatures:
    """Features of N tiles, kept small: about 50 bytes a pixel.

    `grids` are (N, F', T/scale, T'/scale) float16, one for each of `SCALES`: a value is for `scale`
    × `scale` pixels. `rows` and `columns` say which pixels it is about; F is the sum of all F'.
    `numpy.asarray` gives all: (N, Y, X, F) float32.
    """

    grids: tuple[np.ndarray, ...]
    rows: np.ndarray
    columns: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, Y, X, F)."""
        n_features = sum(grid.shape[1] for grid in self.grids)
        return len(self.grids[0]), len(self.rows), len(self.columns), n_features

    @property
    def nbytes(self) -> int:
        """Memory that is kept, in bytes."""
        return sum(grid.nbytes for grid in self.grids)

    def part(self, rows: slice, columns: slice) -> "TileFeatures":
        """Return the features of some rows and columns, without a copy; steps are allowed."""
        return TileFeatures(self.grids, self.rows[rows], self.columns[columns])

    def at(self, rows: np.ndarray, columns: np.ndarray, n: int = 0) -> np.ndarray:
        """Return (P, F) float32 of P pixels of tile n: what is learned from."""
        y, x = self.rows[rows], self.columns[columns]
        pairs = zip(self.grids, SCALES, strict=True)
        found = [grid[n][:, y // scale, x // scale] for grid, scale in pairs]
        return np.concatenate(found).T.astype(np.float32, order="C")

    def planes(self, n: int, rows: slice) -> Iterator[tuple[np.ndarray, Index, Index]]:
        """Give some rows of tile n, each feature a plane, for each of `SCALES`.

        Yields:
            (F', Y', X') float32, and indices of its rows, Y, and columns, X, that pixels are in.
        """
        for grid, scale in zip(self.grids, SCALES, strict=True):
            y, row_of = np.unique(self.rows[rows] // scale, return_inverse=True)
            x, column_of = np.unique(self.columns // scale, return_inverse=True)
            planes = grid[n][:, _span(y)][..., _span(x)].astype(np.float32)
            yield planes, _span(row_of), _span(column_of)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        pairs = zip(self.grids, SCALES, strict=True)
        found = [g[:, :, self.rows // scale][..., self.columns // scale] for g, scale in pairs]
        return np.moveaxis(np.concatenate(found, axis=1), 1, -1).astype(np.float32)


def _span(places: np.ndarray) -> Index:
    """Return a slice for places that follow one another, which need not be copied."""
    if len(places) and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


class FeatureMaker:
    """Makes the features of tiles with a stored network; safe to share between threads.

    Calling it takes (N, T, T', 1) float32 in [0, 1], T and T' multiples of the network's stride, to
    features: first the network's log-probabilities and the filters on the pixels' own grid, then
    the features before the network's last layer and the wider filters, then what is around.
    """

    def __init__(self, model: StoredModel):
        import openvino

        self._core = openvino.Core()
        # Not mapped: a file that is cut off later would end the whole process at the next shape.
        self._core.set_property({"ENABLE_MMAP": False})
        network = self._core.read_model(model.folder / "model.xml")
        self._network, self.n_logits = _with_features(network)
        self._compiled = lru_cache(maxsize=N_SHAPES)(self._compile)

    def __call__(self, tiles: np.ndarray) -> TileFeatures:
        tiles = np.ascontiguousarray(tiles, np.float32)
        compiled, lock = self._compiled(tiles.shape)
        with lock:  # a small tile does not wait for a large one
            answer = compiled(tiles)
            logs, last = answer[0], answer[1]
        filtered = [filter_tile(tile[..., 0]) for tile in tiles]
        fine = np.concatenate([logs, [one.astype(np.float16) for one, _ in filtered]], axis=1)
        wide = np.stack([one.astype(np.float16) for _, one in filtered])
        coarse = np.concatenate([_at_half(last, tiles.shape[1]), wide], axis=1)
        pairs = zip(logs, filtered, strict=True)
        around = [surroundings(np.exp(own.astype(np.float32)), one) for own, (one, _) in pairs]
        height, width = tiles.shape[1:3]
        grids = fine, coarse, np.stack(around).astype(np.float16)
        return TileFeatures(grids, np.arange(height), np.arange(width))

    def _compile(self, shape: tuple[int, ...]):
        network = self._network.clone()
        network.reshape(list(shape))
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": n_cores()}
        return self._core.compile_model(network, "CPU", settings), threading.Lock()


def _at_half(last: np.ndarray, height: int) -> np.ndarray:
    """Bring (N, F, Y, X) features of the network to half of a tile's height."""
    if last.shape[2] * 2 == height:
        return last
    if last.shape[2] == height:
        n, f, y, x = last.shape
        return (
            last.reshape(n, f, y // 2, 2, x // 2, 2)
            .mean(axis=(3, 5), dtype=np.float32)
            .astype(np.float16)
        )
    times = height // 2 // last.shape[2]
    return last.repeat(times, axis=2).repeat(times, axis=3)


def _with_features(network):
    """Let a network give log-probabilities (N, C, T, T') and its last features, both float16."""
    import openvino
    from openvino import opset13

    softmax = network.get_results()[0].input_value(0).get_node()
    last = _last_layer(softmax)
    planes = opset13.transpose(softmax.input_value(0), np.array([0, 3, 1, 2]))
    logs = opset13.log_softmax(planes, 1)
    # float16 has no number below -65504, and beyond -30 nothing is left to learn
    outputs = [opset13.clamp(logs, -30.0, 0.0), last.input_value(0)]
    results = [opset13.result(opset13.convert(one, "f16").output(0)) for one in outputs]
    n_logits = softmax.get_output_partial_shape(0)[3].get_length()
    return openvino.Model(results, network.get_parameters(), network.get_name()), n_logits


def _last_layer(softmax):
    """Return the last layer with weights before the softmax."""
    todo = [softmax]
    while todo:
        node = todo.pop(0)
        if node.get_type_name() in _WEIGHTED:
            return node
        todo += [node.input_value(index).get_node() for index in range(node.get_input_size())]
    raise ModelError(
        "The network has no layer whose features could be used.",
        hint="Choose another model to start from.",
    )
