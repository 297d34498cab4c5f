"""What is known of trainings, read once for all who watch: files are looked at, not read, again."""

import json
import math
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pages.cache.models import find_model, list_models
from pages.cache.store import kept
from pages.words.numbers import bare
from sandseg.classes import SegmentationClass
from sandseg.errors import SandsegError
from sandseg.model.store import StoredModel, load_model
from sandseg.ownership import is_signed
from sandseg.runs import control
from sandseg.runs.folder import (
    METRICS,
    REPLAY,
    RunSamples,
    RunStatus,
    run_path,
    runs_root,
    samples_from,
)
from sandseg.runs.permissions import training_rules

MOST_PICTURES = 64  # that travel; of a longer training every second, third, … epoch is drawn
WAITING = "What the network makes of this place is drawn after its first epoch."
FRESH_S = 1.0  # a look younger than this is good enough


def list_runs() -> list[RunStatus]:
    """Return where every run stands, the newest first."""
    return _list_runs(str(runs_root()), int(time.monotonic() / FRESH_S))


@kept()
def _list_runs(_root: str, _moment: int) -> list[RunStatus]:
    return control.list_runs()


def run_status(run_id: str) -> RunStatus:
    """Return where a run stands.

    Raises:
        TrainingError: There is no such run.
    """
    return _run_status(run_id, str(runs_root()), int(time.monotonic() / FRESH_S))


@kept()
def _run_status(run_id: str, _root: str, _moment: int) -> RunStatus:
    return control.run_status(run_id)


def forget() -> None:
    """Look again: somebody has changed something."""
    _list_runs.forget()
    _run_status.forget()


def run_replay(run_id: str, asked: int) -> bytes:
    """Return curves and pictures of a run for the browser.

    Raises:
        TrainingError: There is no such run.
        ConfigError: Its settings cannot be read.
    """
    return _run_replay(run_id, str(runs_root()), last_change(run_id), asked)


def last_change(run_id: str) -> tuple[int, ...]:
    """Return a mark that changes with each epoch of a run.

    Raises:
        TrainingError: There is no such run.
    """
    folder = run_path(run_id)
    return tuple(_changed(path) for path in (folder / METRICS, folder / control.SAMPLES))


@kept()
def _run_replay(run_id: str, _root: str, _times: tuple[int, ...], asked: int) -> bytes:
    settings = control.read_settings(run_id)
    history, samples = control.run_metrics(run_id), control.run_samples(run_id)
    replay = Replay(settings.all_classes, history, settings.config.epochs, samples)
    return pack(f"run-{run_id}", replay, asked)


def replays() -> list[StoredModel]:
    """Return the models whose training can be watched again."""
    return [model for model in list_models() if _has_replay(str(model.folder), model.sha256)]


@kept()
def _has_replay(folder: str, _sha256: str) -> bool:
    return samples_from(Path(folder) / REPLAY).image is not None


@kept()
def model_replay(name: str, sha256: str, asked: int) -> bytes:
    """Return curves and pictures of a stored model's training for the browser."""
    model = find_model(name)
    history, samples = model.card.get("history", []), samples_from(model.folder / REPLAY)
    replay = Replay(model.classes, history, len(history), samples)
    return pack(f"model-{sha256}", replay, asked)


def trained_model(run_id: str) -> StoredModel | None:
    """Return the model a run made, if there is one.

    Raises:
        TrainingError: There is no such run.
        ModelError: It is damaged.
    """
    folder = control.model_folder(run_id)
    return None if folder is None else _trained_model(str(folder), _changed(folder))


@kept()
def _trained_model(folder: str, _changed_ns: int) -> StoredModel:
    return load_model(Path(folder).name, Path(folder).parent)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def shipped_replay() -> str:
    """Return the name of a model that no visitor made and whose training can be watched, or ""."""
    found = [model.name for model in replays() if not is_signed(model.folder)]
    return next(iter(found), "")


def is_offered() -> bool:
    """Whether there is anything to do on the page: something to train or to watch."""
    try:
        is_on = training_rules().is_on
    except SandsegError:
        return True  # the page says what is wrong
    return is_on or bool(replays())


@dataclass(frozen=True)
class Replay:
    """What is known of a training. `history` has a record for each complete epoch."""

    classes: Sequence[SegmentationClass]
    history: Sequence[dict]
    n_epochs: int
    samples: RunSamples


def pack(key: str, replay: Replay, asked: int) -> bytes:
    """Return a training as the browser takes it: length of the header, header (JSON), pictures.

    Args:
        key: Name of the training; what the visitor looks at is kept under it.
        replay: The training.
        asked: The epoch an address asks for; 0 is the newest.
    """
    samples = replay.samples
    epochs = _spread([found for found in samples.epochs if found[0] <= len(replay.history)])
    paths = [path for path in (samples.image, samples.truth) if path]
    blobs = [path.read_bytes() for path in [*paths, *(path for _, path in epochs)]]
    header = {
        "key": key,
        "asked": asked,
        "nEpochs": replay.n_epochs,
        "best": _best(replay.history),
        "epochs": [_record(record) for record in replay.history],
        "classes": [{"name": bare(c.name), "color": c.color} for c in replay.classes],
        "image": samples.image is not None,
        "truth": samples.truth is not None,
        "pictures": [epoch for epoch, _ in epochs],
        "sizes": [len(blob) for blob in blobs],
        "waiting": WAITING,
    }
    head = json.dumps(header).encode()
    return b"".join([struct.pack("<I", len(head)), head, *blobs])


def _spread(found: Sequence[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """Leave out epochs evenly where there are too many; the last one stays."""
    step = math.ceil(len(found) / MOST_PICTURES)
    return list(found)[::-1][:: max(step, 1)][::-1]


def _record(record: dict) -> dict:
    return {
        "loss": _finite(record.get("loss")),
        "validationLoss": _finite(record.get("validation_loss")),
        "iou": [_finite(value) for value in record.get("iou", ())],
        "meanIou": _finite(record.get("mean_iou")),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _best(history: Sequence[dict]) -> int:
    scored = [(r["mean_iou"], -r["epoch"]) for r in history if _finite(r.get("mean_iou"))]
    return -max(scored)[1] if scored else 0
