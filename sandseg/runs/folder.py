"""The folder of a training run: what is in it, and the settings and the status as files."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from sandseg.atomic import chosen_entries, is_own_file, read_entries
from sandseg.config import n_parameters
from sandseg.errors import TrainingError
from sandseg.model.store import SAFE_NAME
from sandseg.runs.settings import SETTINGS, RunSettings
from sandseg.settings import runs_root

STATUS, METRICS = "status.json", "metrics.jsonl"
STOP, PAUSE = "cancel", "pause"  # files whose presence asks the training to end
CHECKPOINT, SAMPLES, DATA, MODEL = "checkpoint", "samples", "data", "model"
ESTIMATE = "estimate.json"
STATE, BEST = "state.npz", "best.npz"  # in the checkpoint
REPLAY = "replay"  # the samples inside the model folder
IMAGE_PICTURE, TRUTH_PICTURE = "image.png", "truth.png"

STATES = ("queued", "running", "paused", "stopping", "done", "stopped", "failed")
ACTIVE_STATES = ("queued", "running", "stopping")
SPARE_BYTES = 64 * 2**20  # of disk, for samples, logs and what else is small


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


def status_entries(folder: Path) -> dict:
    """Read status.json: what is of the right type; one that is missing or damaged is empty."""
    kinds = {
        "state": str,
        "epoch": int,
        "step": int,
        "n_steps": int,
        "seconds": float,
        "seconds_left": float,
        "seconds_per_step": float,
        "n_epochs": int,
        "slot": int,
        "queued": float,
        "heartbeat": float,
        "message": str,
        "hint": str,
        "device": str,
        "warnings": list,
    }
    entries = chosen_entries(read_entries(folder / STATUS), kinds)
    if entries.get("state", "running") not in STATES:
        del entries["state"]
    if "warnings" in entries:
        entries["warnings"] = [str(one) for one in entries["warnings"]]
    return entries


def metrics_from(folder: Path) -> list[dict]:
    """Return the records of all complete epochs, in order; a line cut off by a crash is left."""
    path, records = folder / METRICS, {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        try:
            record = json.loads(line)
            if is_record(record):
                records[record["epoch"]] = record  # an epoch that was done again counts once
        except (ValueError, RecursionError):
            continue
    return [records[epoch] for epoch in sorted(records)]


def is_record(record: object) -> bool:
    """Whether this is what a training writes of an epoch."""
    if not isinstance(record, dict) or type(record.get("epoch")) is not int:
        return False
    scores = record.get("iou", [])
    numbers = [record.get(name) for name in ("loss", "validation_loss", "mean_iou", "seconds")]
    return isinstance(scores, list) and all(
        value is None or type(value) in (int, float) for value in (*numbers, *scores)
    )


def samples_from(folder: Path) -> RunSamples:
    """Return the pictures made so far; `folder` holds them, in a run or in a model's replay."""
    numbers = {path: path.stem.removeprefix("epoch_") for path in folder.glob("epoch_*.png")}
    epochs = [(int(number), path) for path, number in numbers.items() if number.isdecimal()]
    image, truth = (folder / name for name in (IMAGE_PICTURE, TRUTH_PICTURE))
    return RunSamples(
        image if is_own_file(image) else None,
        truth if is_own_file(truth) else None,
        tuple(sorted(found for found in epochs if is_own_file(found[1]))),
    )


def needed_bytes(settings: RunSettings) -> int:
    """Return the disk space a run takes: checkpoints, twice while one is renamed, and model."""
    network = 4 * n_parameters(settings.config.unet)
    phantom = 2 * math.prod(settings.source.shape) if settings.source.kind == "phantom" else 0
    # weights, average and two moments; the best weights; Keras and OpenVINO files and their making
    return 2 * (4 + 1) * network + 4 * network + phantom + SPARE_BYTES
