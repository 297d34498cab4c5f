"""What a trained model's card says: how it was made, how sure it is, how good it is."""

from collections.abc import Sequence
from dataclasses import asdict

import keras
import numpy as np

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.data.labelled import LabelledSlices, PreparedData
from sandseg.grey.appearance import look_at
from sandseg.grey.drift import mean_light
from sandseg.grey.finder import finder_for, landmarks_of
from sandseg.grey.survey import spread_slices
from sandseg.measure.sample import sample_mask
from sandseg.model.write_model import training_histogram
from sandseg.runs.settings import RunSettings
from sandseg.scan.stack import Stack
from sandseg.score.intervals import block_matrices, bootstrap_iou
from sandseg.score.metrics import scores
from sandseg.train.checkpoint import TrainedModel
from sandseg.train.validation import cross_entropy, predict_logits

N_USUAL_SLICES = 5  # of the training slices tell what is usual
TEMPERATURES = np.geomspace(0.5, 2.0, 81)
N_CALIBRATION_PIXELS = 200_000


def describe_model(
    settings: RunSettings, slices: LabelledSlices, data: PreparedData, trained: TrainedModel
) -> dict:
    """Say what the model is, what it learned from, and how good it is on what it did not see.

    Args:
        settings: The run's.
        slices: All labelled slices.
        data: How they were split.
        trained: Its network holds the weights to score.

    Returns:
        The card, without what `publish.publish_model` adds.
    """
    config = settings.config
    history = [asdict(epoch) for epoch in trained.history]
    seconds = sum(epoch["seconds"] for epoch in history)
    return {
        "title": settings.title,
        "architecture": asdict(config.unet),
        "n_parameters": trained.model.count_params(),
        "intensity": {
            "low": slices.mapping.low,
            "high": slices.mapping.high,
            "histogram": training_histogram(data.train_images),
        },
        "data": {
            "source": asdict(settings.source),
            "slices": data.split,
            "split": config.split,
        },
        "training": asdict(config) | {"seconds": round(seconds), "epoch": trained.best_epoch},
        "scores": {
            part: _score_slices(trained.model, slices, data.split[part], settings)
            for part in ("validation", "test")
            if data.split[part] and set(data.split[part]) <= set(slices.names)
        },
        "usual": _usual_look(trained.model, slices, data, settings),
        "history": history,
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
        logits = predict_logits(network, image, stride)[labels != IGNORED]
        true = labels[labels != IGNORED].astype(int)
        chosen = rng.choice(len(true), min(len(true), N_CALIBRATION_PIXELS), replace=False)
        parts.append((logits[chosen], true[chosen]))
    logits, true = (np.concatenate(part) for part in zip(*parts, strict=True))
    return float(min(TEMPERATURES, key=lambda value: cross_entropy(logits / value, true).mean()))


def _usual_look(
    network: keras.Model, slices: LabelledSlices, data: PreparedData, settings: RunSettings
) -> dict:
    """Measure what training slices look like as the model labels them: `model.usual` reads it."""
    kept_apart = {*data.split["validation"], *data.split["test"]}
    learned = [i for i, name in enumerate(slices.names) if name not in kept_apart]
    chosen = [learned[i] for i in spread_slices(len(learned), N_USUAL_SLICES)]
    looks, marks = [], []
    for image, _ in slices.pairs(chosen):
        logits = predict_logits(network, image, settings.config.unet.stride)
        labels = logits.argmax(axis=-1).astype(np.uint8)
        sure = np.ones(labels.shape, np.float32)  # how unsure it is on them proves nothing
        looks.append(look_at(image, labels, sure, settings.all_classes))
        stack = Stack.from_array(image)
        marks.append(landmarks_of(stack, finder_for(stack)))
    found = {"texture": [round(float(band), 3) for band in np.mean([x.texture for x in looks], 0)]}
    certain = [(mark.pore, mark.grain) for mark in marks if mark and mark.is_certain]
    if certain:
        found["landmarks"] = [round(float(grey), 4) for grey in np.mean(certain, axis=0)]
    lights = [look.light for look in looks if look.light]
    if lights:
        found |= {
            "drift": round(float(np.mean([light.drift for light in lights])), 4),
            "bowl": mean_light(lights).bowl,
        }
    if slices.voxel_size_um:
        found["voxel_size_um"] = slices.voxel_size_um
    return found


def _score_slices(
    network: keras.Model, slices: LabelledSlices, names: Sequence[str], settings: RunSettings
) -> dict:
    """Score slices never trained on, over the whole slice and inside the rock alone."""
    classes = settings.all_classes
    blocks = {"whole slice": [], "inside the rock": []}
    for image, true in slices.pairs([slices.names.index(name) for name in names]):
        logits = predict_logits(network, image, settings.config.unet.stride)
        predicted = logits.argmax(axis=-1).astype(np.uint8)
        inside = np.where(sample_mask(true, classes), true, IGNORED)
        blocks["whole slice"].append(block_matrices(true, predicted, len(classes)))
        blocks["inside the rock"].append(block_matrices(inside, predicted, len(classes)))
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
