"""Turn a trained network into a model folder: Keras file, OpenVINO files, card."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import openvino

from sandseg.classes import SegmentationClass
from sandseg.errors import TrainingError
from sandseg.model.store import write_card

KERAS_FILE, OPENVINO_FILES = "model.keras", ("model.xml", "model.bin")
EXPORTER = "tensorflow"  # the one backend of Keras whose export leaves height and width free
EXPORT = (
    "import sys; sys.modules['openvino_telemetry'] = None; "  # as in sandseg.model
    "import keras; network = keras.saving.load_model(sys.argv[1], compile=False); "
    "network.export(sys.argv[2], format='openvino', verbose=False)"
)


def with_probabilities(network: keras.Model, temperature: float = 1.0) -> keras.Model:
    """Append the softmax that turns logits into calibrated probabilities.

    A network with one logit gets two probabilities, of label 0 and label 1. The temperature
    divides the logits (Guo et al. 2017, arXiv:1706.04599).
    """
    scaling = keras.layers.Rescaling(1.0 / temperature, dtype="float32", name="temperature")
    logits = scaling(network.output)
    if logits.shape[-1] == 1:
        zeros = keras.ops.zeros_like(logits)
        logits = keras.layers.Concatenate(dtype="float32")([zeros, logits])
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    return keras.Model(network.input, probabilities, name=network.name)


def publish_model(
    network: keras.Model,
    folder: Path,
    card: dict,
    classes: Sequence[SegmentationClass],
    temperature: float = 1.0,
) -> None:
    """Write a model folder that appears complete or not at all.

    Args:
        network: Gives logits; see `unet.build_unet`.
        folder: Where the model goes; its name is the model's name. An older one is replaced.
        card: Title, architecture, intensity, data, scores and history; classes and checksums
            are added here.
        classes: What the network's outputs mean, in order.
        temperature: Divides the logits; found on validation slices.

    Raises:
        TrainingError: Keras runs on another backend than TensorFlow, and there is no TensorFlow.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as parent:
        made = Path(parent) / folder.name
        made.mkdir()
        # A model made anew carries no optimizer: a third of the size.
        keras.Model(network.input, network.output, name=network.name).save(made / KERAS_FILE)
        _export_openvino(with_probabilities(network, temperature), made)
        described = [vars(material) for material in classes]
        card = {"name": folder.name, **card, "classes": described, "temperature": temperature}
        write_card(made, card, (KERAS_FILE, *OPENVINO_FILES))
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def training_histogram(images: Sequence[np.ndarray]) -> list[float]:
    """Return the shares of 256 grey levels over (Y, X) float32 images in [0, 1]."""
    counts = sum(np.histogram(image, 256, range=(0.0, 1.0))[0] for image in images)
    return [round(float(share), 7) for share in counts / counts.sum()]


def _export_openvino(network: keras.Model, folder: Path) -> None:
    """Write model.xml and model.bin with 16-bit weights and free height and width."""
    with tempfile.TemporaryDirectory() as scratch:
        exported = Path(scratch) / "model.xml"
        if keras.backend.backend() == EXPORTER:
            network.export(str(exported), format="openvino", verbose=False)
        else:
            _export_elsewhere(network, exported)
        model = openvino.Core().read_model(exported)
        openvino.save_model(model, folder / OPENVINO_FILES[0], compress_to_fp16=True)


def _export_elsewhere(network: keras.Model, exported: Path) -> None:
    """Export in a process whose Keras runs on TensorFlow."""
    saved = exported.with_name(KERAS_FILE)
    network.save(saved)
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, str(saved), str(exported)],
        env={**os.environ, "KERAS_BACKEND": EXPORTER},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise TrainingError(
            f"The network cannot be exported for serving: {reason}",
            hint="Its weights are kept. Start the same command again where TensorFlow is "
            "installed, without KERAS_BACKEND: it only makes the model.",
        )
