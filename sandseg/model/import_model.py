"""Take over a network somebody else trained in Keras, for the operator alone.

A model file can hold code: it is loaded in Keras' safe mode, in a confined process (see
`import_apart`), and never for a visitor.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from sandseg.classes import SegmentationClass, numbered_classes, with_pores
from sandseg.config import ImportedNetConfig
from sandseg.errors import ConfigError, ModelError
from sandseg.model.foreign import BYTES, ROW_NORM, Z_SCORE, Imported, Known, check_is_free
from sandseg.model.legacy_keras import check_keras_archive, is_hdf5, load_legacy
from sandseg.model.store import StoredModel
from sandseg.model.write_model import publish_model

SUFFIXES = (".keras", ".h5", ".hdf5")
STRIDES = (1, 2, 4, 8, 16, 32, 64)
MOST_CLASSES = 8
USUAL_ROWS = 128  # of a patch, where a network does not tell
LEAST = 1e-7  # probability whose logarithm is still taken
_HINT = "A network from (Y, X, 1) grey values to (Y, X, classes) is needed, in .keras or .h5."


def import_model(
    file: Path, folder: Path, like: StoredModel, known: Known | None = None
) -> Imported:
    """Make a model folder of a Keras file.

    Args:
        file: `.keras`, or the HDF5 of Keras 2 (`.h5`, `.hdf5`).
        folder: Where the model goes; its name is the model's name.
        like: The stored model whose grey scale it shares, and whose classes where it has as many
            and none are given.
        known: What is known of it beside the file.

    Returns:
        What was found.

    Raises:
        ModelError: The name is taken, the file does not load in safe mode, or it is no network
            from a grey slice to classes of the same size.
        ConfigError: More or fewer classes are given than it has, or a pore is none of them.
    """
    check_is_free(folder)
    known = known or Known()
    original = _load(file)
    network = _any_size(original, file.name)
    stride = _stride(network, file.name)
    n_outputs = network.output.shape[-1]
    n_rows = original.input.shape[1] or USUAL_ROWS
    network, ends_with = _as_logits(network, stride, known.scaling, n_rows)
    patch_size = int(np.lcm(stride, n_rows)) if known.scaling == ROW_NORM else 0  # rows of patches
    stride = patch_size or stride
    meant = with_pores(_classes(known.classes, like, max(n_outputs, 2), file.name), known.pores)
    found = Imported(network.count_params(), stride, ends_with, meant)
    publish_model(network, folder, _card(found, file, like, known.title, patch_size), meant)
    return found


def _classes(
    given: Sequence[SegmentationClass], like: StoredModel, n_classes: int, name: str
) -> tuple[SegmentationClass, ...]:
    if given and len(given) != n_classes:
        raise ConfigError(
            f'"{name}" tells {n_classes} classes apart, but {len(given)} are named.',
            hint="Name each class it was trained on, in the order of its outputs.",
        )
    usual = like.classes if n_classes == len(like.classes) else numbered_classes(n_classes)
    return tuple(given) or usual


def _card(found: Imported, file: Path, like: StoredModel, title: str, patch_size: int) -> dict:
    return {
        "title": title or file.stem,
        "architecture": asdict(
            ImportedNetConfig(found.stride, len(found.classes), patch_size=patch_size)
        ),
        "n_parameters": found.n_parameters,
        "intensity": like.card["intensity"],
        "data": {},
        "notes": [
            f"Imported from {file.name}, which ends with {found.ends_with}. It was not trained "
            f"here: its grey scale is taken to be that of {like.name}, and it has no scores."
        ],
    }


def _load(file: Path) -> keras.Model:
    if file.suffix.lower() not in SUFFIXES or not file.is_file():
        raise ModelError(f'"{file.name}" is no model file that can be read.', hint=_HINT)
    try:
        network = load_legacy(file) if is_hdf5(file) else _load_keras(file)
    except ModelError:
        raise
    except Exception as error:  # whatever the file makes Keras stumble over
        raise ModelError(
            f'"{file.name}" does not load in safe mode: {str(error).splitlines()[0][:200]}',
            hint="Save it again with Keras 3 as .keras, without Lambda layers or own classes.",
        ) from error
    if not isinstance(network, keras.Model):
        raise ModelError(f'"{file.name}" holds no network.', hint=_HINT)
    return network


def _load_keras(file: Path) -> keras.Model:
    check_keras_archive(file)
    return keras.models.load_model(file, compile=False, safe_mode=True)


def _any_size(network: keras.Model, name: str) -> keras.Model:
    """Return the same network for slices of any size; the ancestor's knew 128 × 128 only."""
    inputs, outputs = network.inputs, network.outputs
    fits = len(inputs) == len(outputs) == 1 and len(inputs[0].shape) == len(outputs[0].shape) == 4
    if not fits or inputs[0].shape[-1] != 1 or not 1 <= (outputs[0].shape[-1] or 0) <= MOST_CLASSES:
        found = f"{[tuple(i.shape) for i in inputs]} to {[tuple(o.shape) for o in outputs]}"
        raise ModelError(f'"{name}" is a network from {found}.', hint=_HINT)
    try:
        copy = keras.models.clone_model(network, input_tensors=keras.Input((None, None, 1)))
        copy.set_weights(network.get_weights())
    except (ValueError, TypeError) as error:
        raise ModelError(
            f'"{name}" works on slices of one size only: {str(error).splitlines()[0][:200]}',
            hint="Only networks of convolutions fit slices of any size.",
        ) from error
    return copy


def _stride(network: keras.Model, name: str) -> int:
    """Find the smallest number height and width must be multiples of."""
    for stride in STRIDES:
        edge = 3 * stride
        try:
            shape = network.predict_on_batch(np.zeros((1, edge, edge, 1), np.float32)).shape
        except Exception:  # noqa: BLE001, S112 - each backend has its own for sizes that do not meet
            continue
        if shape[1:3] == (edge, edge):
            return stride
    raise ModelError(f'"{name}" does not give back a slice of the size it was given.', hint=_HINT)


def _scaled(images: keras.KerasTensor, scaling: str, n_rows: int) -> keras.KerasTensor:
    """Scale (B, Y, X, 1) images in [0, 1] as a network's were before it saw them."""
    if scaling == BYTES:
        return layers.Rescaling(255.0)(images)
    if scaling == Z_SCORE:
        spread = ops.std(images, axis=(1, 2), keepdims=True)
        return (images - ops.mean(images, axis=(1, 2), keepdims=True)) / ops.maximum(spread, LEAST)
    if scaling == ROW_NORM:  # as keras.utils.normalize(patches, axis=1) does in each patch's rows
        squares = layers.AveragePooling2D((n_rows, 1))(ops.square(images))
        squares = layers.UpSampling2D((n_rows, 1))(squares)
        return images / ops.maximum(ops.sqrt(squares * n_rows), LEAST)
    return images


def _as_logits(
    network: keras.Model, stride: int, scaling: str, n_rows: int
) -> tuple[keras.Model, str]:
    """Let a network take [0, 1] and give logits, whatever it ends with."""
    is_probability = _gives_probabilities(network, stride)
    is_binary = network.output.shape[-1] == 1
    images = keras.Input((None, None, 1), name="image")
    answer = network(_scaled(images, scaling, n_rows))
    if is_probability:
        kept = ops.clip(answer, LEAST, 1 - LEAST)
        answer = ops.log(kept) - (ops.log(1 - kept) if is_binary else 0.0)
    return keras.Model(images, answer, name="imported"), (
        "probabilities" if is_probability else "logits"
    )


def _gives_probabilities(network: keras.Model, stride: int) -> bool:
    """Tell by the last layer, where it says so; else by answers to slices of many kinds."""
    last = network.layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", "")
    if isinstance(last, layers.Softmax) or name in ("softmax", "sigmoid"):
        return True
    if isinstance(last, layers.Conv2D | layers.Dense) and name == "linear":
        return False
    rng = np.random.default_rng(0)
    edge = 4 * stride
    probes = [rng.random((1, edge, edge, 1), np.float32), *np.ones((2, 1, edge, edge, 1), "f4")]
    probes[-1] *= 0
    answers = np.concatenate([network.predict_on_batch(probe) for probe in probes])
    in_range = answers.min() >= 0 and answers.max() <= 1
    is_binary = answers.shape[-1] == 1
    return bool(in_range and (is_binary or np.allclose(answers.sum(axis=-1), 1, atol=1e-3)))
