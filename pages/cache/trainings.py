"""What is known of trainings, read once for all who watch: files are looked at, not read, again."""

import time
from functools import lru_cache
from pathlib import Path

from pages.cache import slices as cache
from pages.components.replay import Replay, pack
from sandseg.model.store import StoredModel, load_model
from sandseg.runs import control as runs
from sandseg.runs.folder import METRICS, REPLAY, RunStatus, run_path, runs_root, samples_from

FRESH_S = 1.0  # a look younger than this is good enough


def list_runs() -> list[RunStatus]:
    """Return where every run stands, the newest first."""
    return _list_runs(str(runs_root()), int(time.monotonic() / FRESH_S))


@lru_cache(maxsize=2)
def _list_runs(_root: str, _moment: int) -> list[RunStatus]:
    return runs.list_runs()


def run_status(run_id: str) -> RunStatus:
    """Return where a run stands.

    Raises:
        TrainingError: There is no such run.
    """
    return _run_status(run_id, str(runs_root()), int(time.monotonic() / FRESH_S))


@lru_cache(maxsize=32)
def _run_status(run_id: str, _root: str, _moment: int) -> RunStatus:
    return runs.run_status(run_id)


def forget() -> None:
    """Look again: somebody has changed something."""
    _list_runs.cache_clear()
    _run_status.cache_clear()


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
    return tuple(_changed(path) for path in (folder / METRICS, folder / runs.SAMPLES))


@lru_cache(maxsize=32)
def _run_replay(run_id: str, _root: str, _times: tuple[int, ...], asked: int) -> bytes:
    settings = runs.read_settings(run_id)
    history, samples = runs.run_metrics(run_id), runs.run_samples(run_id)
    replay = Replay(settings.all_classes, history, settings.config.epochs, samples)
    return pack(f"run-{run_id}", replay, asked)


def replays() -> list[StoredModel]:
    """Return the models whose training can be watched again."""
    return [model for model in cache.list_models() if _has_replay(str(model.folder), model.sha256)]


@lru_cache(maxsize=64)
def _has_replay(folder: str, _sha256: str) -> bool:
    return samples_from(Path(folder) / REPLAY).image is not None


@lru_cache(maxsize=32)
def model_replay(name: str, sha256: str, asked: int) -> bytes:
    """Return curves and pictures of a stored model's training for the browser."""
    model = cache.model(name)
    history, samples = model.card.get("history", []), samples_from(model.folder / REPLAY)
    replay = Replay(model.classes, history, len(history), samples)
    return pack(f"model-{sha256}", replay, asked)


def trained_model(run_id: str) -> StoredModel | None:
    """Return the model a run made, if there is one.

    Raises:
        TrainingError: There is no such run.
        ModelError: It is damaged.
    """
    folder = runs.model_folder(run_id)
    return None if folder is None else _trained_model(str(folder), _changed(folder))


@lru_cache(maxsize=16)
def _trained_model(folder: str, _changed_ns: int) -> StoredModel:
    return load_model(Path(folder).name, Path(folder).parent)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0
