"""How the shipped model was made: a U-Net goes on learning from labels and from a teacher.

    PYTHONPATH=. .venv/bin/python models/recipes/distill.py DATA FROM OUT --minutes 24 --every 150

DATA holds `images` and `masks` of the real sandstone, FROM is a stored model, OUT a folder. The
teacher is that model itself, averaged over the eight symmetries of a square; a target is a mixture
of what people drew and what the teacher thinks (Hinton et al. 2015, arXiv:1503.02531; Furlanello et
al. 2018, arXiv:1805.04770). The schedule follows the clock, so that a busy machine takes fewer
steps, not longer. Every `--every` steps the averaged weights are scored on the validation slice and
kept; then

    PYTHONPATH=. .venv/bin/python models/recipes/distill.py DATA FROM OUT --publish models/NAME

makes a model folder of those that are best inside the rock of the validation slice, with pictures
of how they went, and only then looks at the test slice.
"""

import argparse
import json
import math
import os
import shutil
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops
from scipy.ndimage import binary_dilation, binary_erosion

from sandseg.classes import SANDSTONE
from sandseg.config import TrainConfig, UNetConfig
from sandseg.data.labelled import prepare, read_labelled
from sandseg.data.patches import MIN_ROCK_SHARE, N_DRAWS
from sandseg.model.unet import build_unet
from sandseg.model.write_model import publish_model
from sandseg.predict.tiling import predict_tiled
from sandseg.runs.folder import REPLAY, SAMPLES, EpochReport
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.score.metrics import confusion_matrix, iou
from sandseg.train.card import describe_model, find_temperature
from sandseg.train.checkpoint import TrainedModel
from sandseg.train.loop import WeightAverage
from sandseg.train.progress import SamplePainter, add_replay
from sandseg.train.validation import predict_logits

TRAIN, VALIDATION = ("0000", "0050", "0100", "0200", "0250"), "0150"
UNLABELLED = "0180"  # with `--unlabelled`, learned from as the teacher labels it
INSIDE = np.s_[170:850, 170:850]  # rows and columns within the rock
TEACHER_SHARE = (0.6, 0.2)  # of a target, at the start and at the end
PYRITE, BORDER_PX = 3, 3  # `--border` weighs pixels so near to where pyrite begins
WARM_UP = 0.02  # share of the time
OPTIONS = "options.json"  # beside the weights: what made them


def read(data: Path, number: str) -> np.ndarray:
    """Return a slice (Y, X) float32 in [0, 1]."""
    image = open_stack(data / f"images/Sandstone_Versa{number}.tif").read_slice(0)
    return image.astype(np.float32) / 255


def read_true(data: Path, number: str) -> np.ndarray:
    """Return the labels (Y, X) uint8 that people drew on a slice."""
    return read_labels(data / f"masks/Sandstone_Versa{number}.tif")[0]


def probabilities(network: keras.Model, image: np.ndarray, stride: int) -> np.ndarray:
    """Return (Y, X, C) float32 probabilities."""

    def predict_batch(tiles: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(ops.softmax(network(tiles, training=False), axis=-1))

    return predict_tiled(image, predict_batch, stride=stride)


def teach(network: keras.Model, image: np.ndarray, stride: int) -> np.ndarray:
    """Return the (Y, X, C) mean of the answers to the eight ways to lay down a slice."""
    total = 0.0
    for n_turns in range(4):
        for is_flipped in (False, True):
            laid = np.rot90(image[:, ::-1] if is_flipped else image, n_turns)
            answer = np.rot90(probabilities(network, np.ascontiguousarray(laid), stride), -n_turns)
            total = total + (answer[:, ::-1] if is_flipped else answer)
    return (total / 8).astype(np.float16)


def weigh(labels: np.ndarray, border: float) -> np.ndarray:
    """Return (Y, X) float32 weights of pixels: `border` about the border of pyrite, else 1."""
    is_pyrite = labels == PYRITE
    reach = {"iterations": BORDER_PX}
    is_near = binary_dilation(is_pyrite, **reach) & ~binary_erosion(is_pyrite, **reach)
    return np.where(is_near, np.float32(border), np.float32(1))


def draw_batch(slices: list, share: float, config: TrainConfig, rng: np.random.Generator) -> tuple:
    """Return (N, S, S, 1) images, (N, S, S, C) targets and (N, S, S) weights."""
    size, images, targets, weights = config.patch_size, [], [], []
    while len(images) < config.batch_size:
        for _ in range(N_DRAWS):
            image, labels, taught, weight = slices[rng.integers(len(slices))]
            y, x = (rng.integers(length - size + 1) for length in image.shape)
            window = np.s_[y : y + size, x : x + size]
            if (labels[window] != 0).mean() >= MIN_ROCK_SHARE:
                break
        true = np.eye(config.unet.n_classes, dtype=np.float32)[labels[window]]
        target = share * taught[window].astype(np.float32) + (1 - share) * true
        n_turns, flip = rng.integers(4), np.s_[:, :: rng.choice((-1, 1))]
        images.append(np.rot90(image[window], n_turns)[flip])
        targets.append(np.rot90(target, n_turns)[flip])
        weights.append(np.rot90(weight[window], n_turns)[flip])
    return np.stack(images)[..., None], np.stack(targets), np.stack(weights)


def score(network: keras.Model, image: np.ndarray, labels: np.ndarray, stride: int) -> dict:
    """Return IoU over the whole slice and inside the rock, and the mean cross-entropy there."""
    found = probabilities(network, image, stride)
    inside = np.take_along_axis(found[INSIDE], labels[INSIDE][..., None].astype(int), -1)
    predicted = found.argmax(axis=-1).astype(np.uint8)
    return {
        "iou": iou(confusion_matrix(labels, predicted, 4)).round(5).tolist(),
        "inner_iou": iou(confusion_matrix(labels[INSIDE], predicted[INSIDE], 4)).round(5).tolist(),
        "inner_loss": round(float(-np.log(np.maximum(inside, 1e-9)).mean()), 5),
    }


def soft_cross_entropy(targets, logits) -> keras.KerasTensor:
    """Return the cross-entropy (N, Y, X) of (N, Y, X, C) targets and logits."""
    return -ops.sum(targets * ops.log_softmax(ops.cast(logits, "float32"), axis=-1), axis=-1)


def rate(progress: float, highest: float) -> float:
    """Return the learning rate: a short warm-up, then a cosine to zero. Progress is in [0, 1]."""
    if progress < WARM_UP:
        return highest * progress / WARM_UP
    return highest * 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


def publish(data: Path, start: Path, out: Path, folder: Path) -> None:
    """Make a model folder of the best weights; its card goes on where that of `start` ended."""
    card = json.loads((start / "card.json").read_text(encoding="utf-8"))
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    best = max(range(len(entries)), key=lambda i: np.mean(entries[i]["inner_iou"]))
    network = build_unet(network_config(card))
    network.load_weights(weights_file(out, entries[best]["step"]))

    options = json.loads((out / OPTIONS).read_text(encoding="utf-8"))
    config = TrainConfig(unet=network_config(card), learning_rate=float(options["rate"]))
    source = DataSource("files", images="images", labels="masks")
    settings = RunSettings(
        source, config, card["title"], (VALIDATION,), ("0300",), start_from=card["name"]
    )
    slices = read_labelled(data / "images", data / "masks", 4)
    prepared = prepare(slices, config, settings.validate, settings.test)
    n_before = len(card["history"])
    trained = TrainedModel(network, as_epochs(entries, n_before), best_epoch=n_before + best + 1)
    found = describe_model(settings, slices, prepared, trained)
    last, kept = entries[-1]["step"], entries[best]["step"]
    found |= continued(card, found, {"steps": kept, **options})
    found["command"] = f"{card['command']} && {commands(start, out, folder, options)}"
    found["notes"] = [
        *card["notes"],
        f"It then went on for {last:,} steps with models/recipes/distill.py, from labels and its "
        f"own averaged answers; the weights are those of step {kept:,}, the best on the validation "
        f"slice.",
    ]
    temperature = find_temperature(network, prepared.validation, config.unet.stride)
    if (start / REPLAY).is_dir():  # before the folder is made anew
        shutil.copytree(start / REPLAY, out / SAMPLES, dirs_exist_ok=True)
    publish_model(network, folder, found, SANDSTONE, temperature)

    painter = SamplePainter(out, prepared.validation, SANDSTONE)
    for epoch, entry in enumerate(entries, n_before + 1):
        network.load_weights(weights_file(out, entry["step"]))
        painter.draw(epoch, lambda image: predict_logits(network, image, config.unet.stride))
    add_replay(out, folder)


def as_epochs(entries: list[dict], n_before: int) -> list[EpochReport]:
    """Return what was logged, as the epochs that follow `n_before` earlier ones."""
    return [
        EpochReport(
            epoch=n_before + i + 1,
            n_epochs=n_before + len(entries),
            loss=entry["loss"],
            iou=tuple(entry["iou"]),
            mean_iou=float(np.mean(entry["iou"])),
            seconds=entry["seconds"] - (entries[i - 1]["seconds"] if i else 0),
        )
        for i, entry in enumerate(entries)
    ]


def continued(card: dict, found: dict, then: dict) -> dict:
    """Return the history and training of a card that goes on where `card` ended."""
    before = card["training"]
    seconds = before["seconds"] + found["training"]["seconds"]
    return {
        "history": card["history"] + found["history"],
        "training": {**before, "seconds": seconds, "then": [*before.get("then", []), then]},
    }


def commands(start: Path, out: Path, folder: Path, options: dict) -> str:
    """Return the two commands that make the model again."""
    again = f"PYTHONPATH=. python models/recipes/distill.py $SANDSEG_DATA/sandstone {start} {out}"
    given = " ".join(f"--{name} {value}".strip() for name, value in options.items())
    return f"{again} {given} && {again} --publish {folder}"


def weights_file(out: Path, step: int) -> Path:
    """Return where the averaged weights of a step lie."""
    return out / f"step_{step:06d}.weights.h5"


def network_config(card: dict) -> UNetConfig:
    """Return the network that a card describes."""
    return UNetConfig(**card["architecture"])


def recipe(args: argparse.Namespace) -> dict[str, str]:
    """Return the options that made the weights, as they are given; a flag's text is empty."""
    names = ("minutes", "every", "rate", "momentum", "seed", "border")
    flags = ("learn-statistics", "bfloat16", "unlabelled")
    return {
        **{name: str(getattr(args, name)) for name in names},
        **{name: " ".join(map(str, getattr(args, name))) for name in ("patch", "teacher")},
        **{name: "" for name in flags if getattr(args, name.replace("-", "_"))},
    }


def read_slices(network: keras.Model, args: argparse.Namespace) -> list[tuple]:
    """Return image, labels, teacher's answer and weights of each slice that is learned from."""
    stride, slices = args.config.unet.stride, []
    for number in (*TRAIN, *([UNLABELLED] if args.unlabelled else [])):
        image = read(args.data, number)
        taught = teach(network, image, stride)
        labels = read_true(args.data, number) if number in TRAIN else taught.argmax(axis=-1)
        labels = labels.astype(np.uint8)
        slices.append((image, labels, taught, weigh(labels, args.border)))
    return slices


def go_on(network: keras.Model, slices: list, args: argparse.Namespace) -> None:
    """Train by the clock; every `args.every` steps the averaged weights are scored and kept."""
    network.compile(
        keras.optimizers.AdamW(args.rate, weight_decay=1e-3, global_clipnorm=1.0),
        soft_cross_entropy,
    )
    average = WeightAverage(args.momentum)
    average.set_model(network)
    validation = read(args.data, VALIDATION), read_true(args.data, VALIDATION)
    rng, start, step, losses, progress = np.random.default_rng(args.seed), time.time(), 0, [], 0.0
    while progress < 1:
        network.optimizer.learning_rate.assign(rate(progress, args.rate))
        share = args.teacher[0] + (args.teacher[1] - args.teacher[0]) * progress
        images, targets, weights = draw_batch(slices, share, args.config, rng)
        loss = network.train_on_batch(images, targets, sample_weight=weights)
        losses.append(float(loss))
        average.on_train_batch_end(step)
        step += 1
        progress = (time.time() - start) / (60 * args.minutes)
        if step % args.every == 0 or progress >= 1:
            raw = network.get_weights()
            network.set_weights(average.weights)
            found = score(network, *validation, args.config.unet.stride)
            network.save_weights(weights_file(args.out, step))
            network.set_weights(raw)
            seconds = round(time.time() - start)
            entry = {"step": step, "seconds": seconds, "loss": float(np.mean(losses)), **found}
            with (args.out / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            losses = []


def parse() -> argparse.Namespace:
    """Return the options given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("start", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=24)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--momentum", type=float, default=0.99)
    parser.add_argument("--every", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patch", type=int, nargs=2, default=(16, 128), help="number and edge")
    parser.add_argument("--teacher", type=float, nargs=2, default=TEACHER_SHARE)
    parser.add_argument("--border", type=float, default=1, help="weight about that of pyrite")
    parser.add_argument("--learn-statistics", action="store_true", help="of the patches")
    parser.add_argument("--unlabelled", action="store_true", help="learn from slice 0180 too")
    parser.add_argument("--bfloat16", action="store_true", help="where the processor has it")
    parser.add_argument("--publish", type=Path)
    return parser.parse_args()


def main() -> None:
    """Train, score and keep; or publish what was kept."""
    args = parse()
    if args.publish:
        publish(args.data, args.start, args.out, args.publish)
        return

    card = json.loads((args.start / "card.json").read_text(encoding="utf-8"))
    batch_size, patch_size = args.patch
    args.config = TrainConfig(
        unet=network_config(card), batch_size=batch_size, patch_size=patch_size
    )
    keras.utils.set_random_seed(args.seed)
    if args.bfloat16:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = build_unet(args.config.unet)
    network.load_weights(args.start / "model.keras")
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Kept, the net learns with the statistics it will be used with.
            layer.trainable = args.learn_statistics
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / OPTIONS).write_text(json.dumps(recipe(args)), encoding="utf-8")
    go_on(network, read_slices(network, args), args)


if __name__ == "__main__":
    main()
