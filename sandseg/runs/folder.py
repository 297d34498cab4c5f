"""The folder of a training run: what is in it, and the settings and the status as files."""

import json
import math
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sandseg.classes import SANDSTONE, SegmentationClass, numbered_classes
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import ConfigError, TrainingError
from sandseg.runs.process import read_json, write_json

SETTINGS, STATUS, METRICS = "config.json", "status.json", "metrics.jsonl"
STOP, PAUSE = "cancel", "pause"  # files whose presence asks the training to end
CHECKPOINT, SAMPLES, DATA, MODEL = "checkpoint", "samples", "data", "model"
ESTIMATE = "estimate.json"
STATE, BEST = "state.npz", "best.npz"  # in the checkpoint
REPLAY = "replay"  # the samples inside the model folder
IMAGE_PICTURE, TRUTH_PICTURE = "image.png", "truth.png"

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SOURCES = ("phantom", "sandstone", "files")
ACTIVE_STATES = ("queued", "running", "stopping")
SPARE_BYTES = 64 * 2**20  # of disk, for samples, logs and what else is small


@dataclass(frozen=True)
class DataSource:
    """What to learn from: a made-up rock, the real sandstone, or files of one's own."""

    kind: str  # "phantom", "sandstone" or "files"
    shape: tuple[int, int, int] = (64, 256, 256)  # of the phantom, (Z, Y, X)
    seed: int = 0  # of the phantom
    images: str = ""  # a TIFF or a folder of them
    labels: str = ""

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))
        if self.kind not in SOURCES:
            raise ConfigError(
                f'"{self.kind}" is no source of data.', hint=f"Choose one of: {', '.join(SOURCES)}."
            )
        if self.kind == "files" and not (self.images and self.labels):
            raise ConfigError(
                "The images or the labels to learn from are not named.",
                hint="Name a TIFF of slices and a TIFF of their labels, or two folders.",
            )


@dataclass(frozen=True)
class RunSettings:
    """All that makes a training. Slices are named by the end of their name.

    Without `classes`, four are those of the sandstone and others are numbered. `start_from` is
    the name of a stored model whose weights are taken to begin with.
    """

    source: DataSource
    config: TrainConfig
    title: str = "Trained U-Net"
    validate: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    classes: tuple[SegmentationClass, ...] = ()
    start_from: str = ""

    def __post_init__(self):
        n_classes = max(self.config.unet.n_classes, 2)
        values = [material.value for material in self.classes]
        if self.classes and values != list(range(n_classes)):
            raise ConfigError(
                f"The classes are numbered {values}, but the network tells {n_classes} apart, "
                f"numbered from 0 to {n_classes - 1}.",
                hint="Describe each class once, in the order of its number.",
            )

    @property
    def all_classes(self) -> tuple[SegmentationClass, ...]:
        """What the labels mean."""
        n_classes = max(self.config.unet.n_classes, 2)
        if self.classes:
            return self.classes
        if n_classes == len(SANDSTONE):
            return SANDSTONE
        return numbered_classes(n_classes)


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands. `epoch` counts the complete ones, `step` those of the one at work.

    `message` says what it does now, or why it failed; `queue_position` is 1 for the next.
    """

    id: str
    title: str
    state: str  # "queued", "running", "paused", "stopping", "done", "stopped" or "failed"
    epoch: int = 0
    n_epochs: int = 0
    step: int = 0
    n_steps: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    seconds_per_step: float | None = None
    queue_position: int = 0
    message: str = ""
    hint: str = ""
    device: str = ""
    warnings: tuple[str, ...] = ()
    created: float = 0.0
    best_epoch: int = 0
    best_mean_iou: float | None = None
    has_model: bool = False
    log_tail: str = ""  # of a failed one

    @property
    def is_active(self) -> bool:
        """Whether it waits, works or is about to end, so that looking again is worth it."""
        return self.state in ACTIVE_STATES


@dataclass(frozen=True)
class EpochReport:
    """What one epoch brought, on the validation slices and with the averaged weights."""

    epoch: int  # counted from 1
    n_epochs: int
    loss: float
    iou: tuple[float, ...]
    mean_iou: float
    seconds: float
    validation_loss: float | None = None


@dataclass(frozen=True)
class RunSamples:
    """Pictures of one place in a validation slice: grey, true labels, and labels by epoch."""

    image: Path | None
    truth: Path | None
    epochs: tuple[tuple[int, Path], ...] = ()


def runs_root() -> Path:
    """Return the folder that holds all runs: `SANDSEG_RUNS`, or models/runs of this project."""
    default = Path(__file__).parents[2] / "models" / "runs"
    return Path(os.environ.get("SANDSEG_RUNS") or default).absolute()


def run_path(run_id: str) -> Path:
    """Return the folder of a run.

    Raises:
        TrainingError: There is no such run.
    """
    folder = runs_root() / run_id
    if not SAFE_NAME.fullmatch(run_id) or not (folder / SETTINGS).is_file():
        raise TrainingError(
            f'There is no run "{run_id[:64]}".', hint="It may have been deleted; choose another."
        )
    return folder


def write_settings(folder: Path, settings: RunSettings) -> None:
    """Write config.json of a run."""
    write_json(folder / SETTINGS, asdict(settings))


def settings_from(folder: Path) -> RunSettings:
    """Read config.json of a run.

    Raises:
        ConfigError: It is missing or damaged, or holds settings that are impossible.
    """
    if not (folder / SETTINGS).is_file():
        raise ConfigError(
            f"The folder {folder.name} holds no run.",
            hint="Name images and labels to begin one.",
        )
    try:
        given = read_json(folder / SETTINGS)
        config = given["config"]
        return RunSettings(
            source=DataSource(**given["source"]),
            config=TrainConfig(**{**config, "unet": UNetConfig(**config["unet"])}),
            title=str(given["title"]),
            validate=tuple(given["validate"]),
            test=tuple(given["test"]),
            classes=tuple(SegmentationClass(**entry) for entry in given["classes"]),
            start_from=given["start_from"],
        )
    except ConfigError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ConfigError(
            f"The settings of the run {folder.name} cannot be read "
            f"({type(error).__name__}: {error}).",
            hint="Delete the run and start it again.",
        ) from error


def status_entries(folder: Path) -> dict:
    """Read status.json; one that is missing or damaged is empty."""
    try:
        found = read_json(folder / STATUS)
    except (ValueError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def metrics_from(folder: Path) -> list[dict]:
    """Return the records of all complete epochs, in order; a line cut off by a crash is left."""
    path, records = folder / METRICS, {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        try:
            record = json.loads(line)
            records[record["epoch"]] = record  # an epoch that was done again counts once
        except (ValueError, KeyError, TypeError):
            continue
    return [records[epoch] for epoch in sorted(records)]


def samples_from(folder: Path) -> RunSamples:
    """Return the pictures made so far; `folder` holds them, in a run or in a model's replay."""
    epochs = sorted(folder.glob("epoch_*.png"))
    image, truth = (folder / name for name in (IMAGE_PICTURE, TRUTH_PICTURE))
    return RunSamples(
        image if image.is_file() else None,
        truth if truth.is_file() else None,
        tuple((int(path.stem.removeprefix("epoch_")), path) for path in epochs),
    )


def n_parameters(unet: UNetConfig) -> int:
    """Count the weights of a U-Net without building it."""

    def convolution(edge: int, n_in: int, n_out: int, has_bias: bool = True) -> int:
        return edge**2 * n_in * n_out + n_out * has_bias

    def block(n_in: int, n_out: int) -> int:
        has_bias = unet.stem == "full"
        both = convolution(3, n_in, n_out, has_bias) + convolution(3, n_out, n_out, has_bias)
        return both + 2 * 4 * n_out  # batch normalization has four numbers a feature

    is_strided = unet.stem == "strided"
    count, n_features = 0, 1
    if is_strided:
        count, n_features = convolution(4, 1, unet.filters[0]), unet.filters[0]
    for n_filters in unet.filters:
        count, n_features = count + block(n_features, n_filters), n_filters
    for n_filters in unet.filters[-2::-1]:
        count += convolution(2, n_features, n_filters) + block(2 * n_filters, n_filters)
        n_features = n_filters
    return count + convolution(2 if is_strided else 1, n_features, unet.n_classes)


def needed_bytes(settings: RunSettings) -> int:
    """Return the disk space a run takes: checkpoints, twice while one is renamed, and model."""
    network = 4 * n_parameters(settings.config.unet)
    phantom = 2 * math.prod(settings.source.shape) if settings.source.kind == "phantom" else 0
    # weights, average and two moments; the best weights; Keras and OpenVINO files and their making
    return 2 * (4 + 1) * network + 4 * network + phantom + SPARE_BYTES
