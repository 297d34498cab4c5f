"""A training with a folder: settings, progress, checkpoint, and in the end a model folder."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from sandseg.classes import IGNORED, SANDSTONE, SegmentationClass
from sandseg.config import TrainConfig
from sandseg.errors import ConfigError
from sandseg.intervals import block_matrices, bootstrap_iou
from sandseg.metrics import scores
from sandseg.phases import sample_mask
from sandseg.publish import publish_model, training_histogram
from sandseg.tiling import predict_tiled
from sandseg.train import EpochReport, TrainedModel, train
from sandseg.training_data import LabelledSlices, PreparedData, prepare, read_labelled

SETTINGS, METRICS, CANCEL, CHECKPOINT, MODEL = (
    "config.json",
    "metrics.jsonl",
    "cancel",
    "checkpoint",
    "model",
)
TEMPERATURES = np.geomspace(0.5, 2.0, 81)
N_CALIBRATION_PIXELS = 200_000


@dataclass(frozen=True)
class RunRequest:
    """What to train on and where the run's folder is. Slices are named by the end of their name."""

    images: Path
    labels: Path
    folder: Path
    config: TrainConfig
    validate: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    title: str = "Trained U-Net"
    command: str = ""  # makes the model again


def run_training(
    request: RunRequest, on_epoch: Callable[[EpochReport], None] = lambda _: None
) -> Path | None:
    """Train in a run folder, or go on where it stopped.

    Args:
        request: Data, settings and folder.
        on_epoch: Told after each epoch.

    Returns:
        The folder of the finished model; None when the run was stopped by its `cancel` file.

    Raises:
        ConfigError: The folder holds a run with other settings.
        SandsegError: The data or the labels do not fit.
    """
    config, folder = request.config, request.folder
    slices = read_labelled(request.images, request.labels, config.unet.n_classes)
    data = prepare(slices, config, request.validate, request.test)
    _start_folder(folder, config)
    (folder / CANCEL).unlink(missing_ok=True)

    def report(epoch: EpochReport, _: keras.Model) -> None:
        with (folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(epoch)) + "\n")
        on_epoch(epoch)

    trained = train(
        data.patches,
        data.validation,
        config,
        on_epoch=report,
        should_stop=(folder / CANCEL).exists,
        checkpoint=folder / CHECKPOINT,
    )
    if not trained.is_finished:
        return None
    temperature = find_temperature(trained.model, data.validation, config.unet.stride)
    card = _card(request, slices, data, trained)
    publish_model(trained.model, folder / MODEL, card, _classes(config.unet.n_classes), temperature)
    return folder / MODEL


def _card(
    request: RunRequest, slices: LabelledSlices, data: PreparedData, trained: TrainedModel
) -> dict:
    """Say what the model is, what it learned from, and how good it is on what it did not see."""
    config = request.config
    history = [asdict(epoch) for epoch in trained.history]
    seconds = sum(epoch["seconds"] for epoch in history)
    return {
        "title": request.title,
        "architecture": asdict(config.unet),
        "n_parameters": trained.model.count_params(),
        "intensity": {
            "low": slices.mapping.low,
            "high": slices.mapping.high,
            "histogram": training_histogram(data.train_images),
        },
        "data": {"slices": data.split, "split": config.split},
        "training": asdict(config) | {"seconds": round(seconds)},
        "scores": {
            part: _score_slices(trained.model, slices, data.split[part], config)
            for part in ("validation", "test")
            if config.split == "slice" and data.split[part]
        },
        "history": history,
        "command": request.command,
        "notes": list(data.warnings),
    }


def find_temperature(
    network: keras.Model, validation: Sequence[tuple[np.ndarray, np.ndarray]], stride: int
) -> float:
    """Return the temperature with the smallest cross-entropy on the validation slices."""
    if network.output.shape[-1] == 1:
        return 1.0
    rng = np.random.default_rng(0)
    parts = []
    for image, labels in validation:
        logits = _logits(network, image, stride)[labels != IGNORED]
        true = labels[labels != IGNORED].astype(int)
        chosen = rng.choice(len(true), min(len(true), N_CALIBRATION_PIXELS), replace=False)
        parts.append((logits[chosen], true[chosen]))
    logits, true = (np.concatenate(part) for part in zip(*parts, strict=True))
    return float(min(TEMPERATURES, key=lambda temperature: _loss(logits / temperature, true)))


def _loss(logits: np.ndarray, true: np.ndarray) -> float:
    """Mean cross-entropy of (N, C) logits and (N,) labels."""
    highest = logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(logits - highest).sum(axis=-1)) + highest[:, 0]
    return float(np.mean(log_total - np.take_along_axis(logits, true[:, None], -1)[:, 0]))


def _logits(network: keras.Model, image: np.ndarray, stride: int) -> np.ndarray:
    def predict_batch(tiles: np.ndarray) -> np.ndarray:
        return keras.ops.convert_to_numpy(network(tiles, training=False))

    return predict_tiled(image, predict_batch, stride=stride)


def _score_slices(
    network: keras.Model, slices: LabelledSlices, names: Sequence[str], config: TrainConfig
) -> dict:
    """Score slices never trained on, over the whole slice and inside the rock alone."""
    n_classes, classes = max(config.unet.n_classes, 2), _classes(config.unet.n_classes)
    blocks = {"whole slice": [], "inside the rock": []}
    for image, true in slices.pairs([slices.names.index(name) for name in names]):
        logits = _logits(network, image, config.unet.stride)
        binary = logits.shape[-1] == 1
        predicted = (logits[..., 0] > 0 if binary else logits.argmax(-1)).astype(np.uint8)
        inside = np.where(sample_mask(true, classes), true, IGNORED)
        blocks["whole slice"].append(block_matrices(true, predicted, n_classes))
        blocks["inside the rock"].append(block_matrices(inside, predicted, n_classes))
    return {
        "slices": list(names),
        **{region: _score(np.concatenate(parts), classes) for region, parts in blocks.items()},
    }


def _score(blocks: np.ndarray, classes: Sequence[SegmentationClass]) -> dict:
    names = [material.name for material in classes]
    found = scores(blocks.sum(axis=0)).to_dict(names)
    interval = bootstrap_iou(blocks, np.random.default_rng(0))
    limits = zip(names, interval.low, interval.high, strict=True)
    found["iou_interval"] = {
        name: [round(float(low), 4), round(float(high), 4)] if np.isfinite(low) else None
        for name, low, high in limits
    }
    found["mean_iou_interval"] = [round(interval.mean_low, 4), round(interval.mean_high, 4)]
    return found


def _classes(n_classes: int) -> tuple[SegmentationClass, ...]:
    """Sandstone's classes where there are four of them, otherwise numbered ones."""
    if n_classes == len(SANDSTONE):
        return SANDSTONE
    # Okabe-Ito, which colour-blind viewers can tell apart
    colors = (
        "#000000",
        "#E69F00",
        "#56B4E9",
        "#009E73",
        "#F0E442",
        "#0072B2",
        "#D55E00",
        "#CC79A7",
    )
    return tuple(
        SegmentationClass(value, f"class {value}", colors[value])
        for value in range(max(n_classes, 2))
    )


def _start_folder(folder: Path, config: TrainConfig) -> None:
    """Write the settings of a new run; an old one is gone on with only under the same."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = json.loads(json.dumps(asdict(config)))
    path = folder / SETTINGS
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise ConfigError(
            f"The folder {folder.name} holds a run with other settings.",
            hint="Choose a new folder, or start it with the settings it began with.",
        )
    path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
