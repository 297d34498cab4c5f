"""Run a stored model: OpenVINO serves, Keras is the reference it is compared with."""

import os
import threading
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sandseg.config import ImportedNetConfig
from sandseg.errors import ModelError
from sandseg.model.store import StoredModel

# (N, T, T', 1) float32 images to (N, T, T', C) float32 probabilities
PredictBatch = Callable[[np.ndarray], np.ndarray]


N_SHAPES = 4  # compiled networks kept, one for each shape of tile


class OpenVinoEngine:
    """Calls a stored network through OpenVINO; safe to share between threads, one call at a time.

    Calling it takes (N, T, T', 1) float32 in [0, 1] to (N, T, T', C) float32 probabilities.
    """

    def __init__(self, model: StoredModel):
        import openvino

        self._core = openvino.Core()
        # Not mapped: a file that is cut off later would end the whole process at the next shape.
        self._core.set_property({"ENABLE_MMAP": False})
        self._network = _with_class_planes(self._core.read_model(model.folder / "model.xml"))
        self._lock = threading.Lock()
        self._compiled = lru_cache(maxsize=N_SHAPES)(self._compile)

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        with self._lock:
            # The answer is the caller's own: OpenVINO copies it out of its memory.
            planes = self._compiled(tiles.shape)(np.ascontiguousarray(tiles, np.float32))[0]
        return np.moveaxis(planes, 1, -1)  # a view: each class stays a plane of its own

    def _compile(self, shape: tuple[int, ...]):
        network = self._network.clone()
        network.reshape(list(shape))
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": n_cores(),
        }
        return self._core.compile_model(network, "CPU", settings)


def _with_class_planes(network):
    """Let a network give (N, C, T, T') instead of (N, T, T', C): a sixth faster.

    OpenVINO computes in planes of features; turning a slice of class probabilities round, and the
    softmax across neighbouring numbers, cost as much as a whole level of the net.
    """
    import openvino
    from openvino import opset13

    softmax = network.get_results()[0].input_value(0).get_node()
    if softmax.get_type_name() != "Softmax":
        raise ModelError(
            "The network does not end in class probabilities.",
            hint="Add the model again with `python -m sandseg add-model`.",
        )
    planes = opset13.transpose(softmax.input_value(0), np.array([0, 3, 1, 2]))
    result = opset13.result(opset13.softmax(planes, 1).output(0))
    return openvino.Model([result], network.get_parameters(), network.get_name())


class KerasEngine:
    """Calls a stored network through Keras, in 32-bit numbers: the reference, slow and large."""

    def __init__(self, model: StoredModel):
        import keras

        from sandseg.model.unet import build_unet

        file = model.folder / "model.keras"
        if isinstance(model.unet, ImportedNetConfig):
            self._network = keras.models.load_model(file, compile=False, safe_mode=True)
        else:
            self._network = build_unet(model.unet)
            self._network.load_weights(file)
        self._temperature = float(model.card.get("temperature", 1.0))
        self._ops = keras.ops

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        logits = self._network(np.asarray(tiles, np.float32), training=False)
        if logits.shape[-1] == 1:  # binary: the logit is that of label 1 against label 0
            logits = self._ops.concatenate([self._ops.zeros_like(logits), logits], axis=-1)
        return self._ops.convert_to_numpy(self._ops.softmax(logits / self._temperature, axis=-1))


ENGINES = {"openvino": OpenVinoEngine, "keras": KerasEngine}


def load_engine(model: StoredModel, kind: str = "openvino") -> PredictBatch:
    """Make a stored model ready to predict.

    Args:
        model: The model to run.
        kind: "openvino" or "keras".

    Returns:
        A callable from a batch of tiles to their class probabilities.

    Raises:
        ModelError: There is no such engine, or the model's files cannot be loaded by it.
    """
    if model.is_taught:
        raise ModelError(
            f'The model "{model.name}" was taught by strokes: its network alone says nothing.',
            hint="Load it as a taught model.",
        )
    if kind not in ENGINES:
        raise ModelError(f'There is no engine "{kind}".', hint=f"Choose: {', '.join(ENGINES)}.")
    try:
        return ENGINES[kind](model)
    except (RuntimeError, OSError, ValueError, ImportError) as error:
        raise ModelError(
            f'The model "{model.name}" does not load with {kind}: {error}',
            hint="Restore the model folder, or install the packages of requirements.txt again.",
        ) from error


def n_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
