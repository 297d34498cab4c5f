"""Trainings as processes of their own with a folder each: start, watch, stop, resume, queue.

Nothing here loads Keras. A run goes on without the page, the browser or the server that started
it. Whatever makes room in the queue lets the next run begin; looking at the runs starts nothing.
"""

import secrets
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sandseg.atomic import write_json
from sandseg.errors import TrainingError
from sandseg.lock import locked
from sandseg.model.store import CARD, add_model, load_model
from sandseg.runs.folder import (
    BEST,
    CHECKPOINT,
    MODEL,
    PAUSE,
    SAMPLES,
    STATUS,
    STOP,
    RunSamples,
    RunStatus,
    metrics_from,
    needed_bytes,
    run_path,
    runs_root,
    samples_from,
    status_entries,
)
from sandseg.runs.permissions import check_token, require_training, training_rules
from sandseg.runs.process import kill
from sandseg.runs.queue import LOADING, LOCK, advance_queue, put_in_queue
from sandseg.runs.settings import RunSettings, settings_from, write_settings
from sandseg.runs.sources import check_source, keep_uploads
from sandseg.runs.status import run_folders, status_of, waiting_runs

MIB = 2**20
RESUMABLE = ("paused", "stopped", "failed")


def start_run(settings: RunSettings, token: str = "") -> str:
    """Queue a training; it begins at once when no other one runs.

    Returns:
        The id of the run, the name of its folder.

    Raises:
        TrainingError: Training is off, the token is wrong, the queue or the disk is full, or the
            data are not there.
        ModelError: The model to start from is not there.
    """
    require_training(token)
    check_source(settings)
    if settings.start_from:
        load_model(settings.start_from)
    root = runs_root()
    root.mkdir(parents=True, exist_ok=True)
    _check_disk(root, needed_bytes(settings))
    run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
    with locked(root / LOCK):
        _check_queue()
        with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as parent:
            made = Path(parent) / run_id
            made.mkdir()
            kept = keep_uploads(settings, made)
            moved = {
                kind: path.replace(str(made), str(root / run_id)) for kind, path in kept.items()
            }
            write_settings(made, replace(settings, source=replace(settings.source, **moved)))
            put_in_queue(made)
            made.rename(root / run_id)
    advance_queue()
    return run_id


def list_runs() -> list[RunStatus]:
    """Return where every run stands, the newest first."""
    found = [status_of(folder) for folder in run_folders()]
    return sorted(found, key=lambda status: (status.created, status.id), reverse=True)


def run_status(run_id: str) -> RunStatus:
    """Return where a run stands.

    Raises:
        TrainingError: There is no such run.
    """
    return status_of(run_path(run_id))


def read_settings(run_id: str) -> RunSettings:
    """Return the settings of a run.

    Raises:
        TrainingError: There is no such run.
        ConfigError: They cannot be read.
    """
    return settings_from(run_path(run_id))


def run_metrics(run_id: str) -> list[dict]:
    """Return a record for each complete epoch; the IoU of an absent class is None.

    Raises:
        TrainingError: There is no such run.
    """
    return metrics_from(run_path(run_id))


def run_samples(run_id: str) -> RunSamples:
    """Return the pictures a run drew so far.

    Raises:
        TrainingError: There is no such run.
    """
    return samples_from(run_path(run_id) / SAMPLES)


def model_folder(run_id: str) -> Path | None:
    """Return the folder of a run's model, if it has one yet.

    Raises:
        TrainingError: There is no such run.
    """
    folder = run_path(run_id) / MODEL
    return folder if (folder / CARD).is_file() else None


def stop_run(run_id: str, token: str = "") -> None:
    """Ask a run to end after the step at work; the model of its best epoch is kept.

    Raises:
        TrainingError: There is no such run, or the token is wrong.
    """
    _ask(run_id, STOP, "stopped", "Stopped before it began.", token)


def pause_run(run_id: str, token: str = "") -> None:
    """Ask a run to end after the step at work in such a way that it can go on from there.

    Raises:
        TrainingError: There is no such run, or the token is wrong.
    """
    _ask(run_id, PAUSE, "paused", "Paused before it began.", token)


def resume_run(run_id: str, token: str = "") -> None:
    """Queue a run again that was paused or stopped, or that failed; it goes on where it was.

    Raises:
        TrainingError: There is no such run, it is not at rest, training is off, the token is
            wrong, or the queue or the disk is full.
        ConfigError: Its settings cannot be read.
    """
    require_training(token)
    folder = run_path(run_id)
    _check_disk(folder, needed_bytes(settings_from(folder)))
    with locked(runs_root() / LOCK):
        state = status_of(folder).state
        if state not in RESUMABLE:
            raise TrainingError(
                f"This run is {state}, so there is nothing to resume.",
                hint="Start a new run with other settings.",
            )
        _check_queue()
        for request in (STOP, PAUSE):
            (folder / request).unlink(missing_ok=True)
        put_in_queue(folder)
    advance_queue()


def delete_run(run_id: str, token: str = "") -> None:
    """Remove a run with all that is in its folder.

    Raises:
        TrainingError: There is no such run, it is at work, training is off, or the token is wrong.
    """
    require_training(token)
    folder = run_path(run_id)
    with locked(runs_root() / LOCK):
        if status_of(folder).state in ("running", "stopping"):
            raise TrainingError("This run is at work.", hint="Stop it first, then delete it.")
        kill(folder)  # it may still be closing down
        shutil.rmtree(folder)
    advance_queue()


def use_model(run_id: str, name: str, token: str = "") -> Path:
    """Copy the model of a run to the others, so that every page offers it.

    Args:
        run_id: Of a run that made a model.
        name: The model's new name: letters, digits, ".", "_" and "-".
        token: The operator's, where one is needed.

    Returns:
        The new model folder; it appears whole or not at all.

    Raises:
        TrainingError: There is no such run, it has no model yet, training is off, or the token is
            wrong.
        ModelError: The name is taken or cannot be used, or the model is damaged.
    """
    require_training(token)
    made = model_folder(run_id)
    if made is None:
        raise TrainingError("This run has no model yet.", hint="Wait for its first epoch's end.")
    return add_model(made, name)


def keep_model(made: Path, name: str, token: str = "") -> Path:
    """Add a model that was made elsewhere, as one taught by strokes, to the others.

    Raises:
        TrainingError: Training is off, or the token is wrong.
        ModelError: The name is taken or cannot be used, or the model is damaged.
    """
    require_training(token)
    return add_model(made, name)


def _ask(run_id: str, request: str, state: str, message: str, token: str) -> None:
    """Leave a request to a run's process; a run that waits is at rest at once."""
    check_token(token)
    folder = run_path(run_id)
    with locked(runs_root() / LOCK):
        found, entries = status_of(folder).state, status_entries(folder)
        is_loading = found == "running" and entries.get("message") == LOADING
        if found == "queued" or (is_loading and not (folder / CHECKPOINT).is_dir()):
            kill(folder)  # it has nothing to lose yet
            write_json(folder / STATUS, entries | {"state": state, "message": message})
        elif found in ("running", "stopping"):
            (folder / request).touch()
        elif found in ("paused", "failed") and request == STOP and _has_best(folder):
            require_training(token)
            (folder / request).touch()  # a process makes the model from the checkpoint
            (folder / PAUSE).unlink(missing_ok=True)
            put_in_queue(folder)
    advance_queue()


def _has_best(folder: Path) -> bool:
    return (folder / CHECKPOINT / BEST).is_file()


def _check_queue() -> None:
    n_waiting, longest = len(waiting_runs()), training_rules().max_queue
    if n_waiting >= longest:
        raise TrainingError(
            f"{n_waiting} trainings wait already; this server lets no more than {longest} wait.",
            hint="Wait until one has ended, or delete one that waits.",
        )


def _check_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError(
            f"The training needs {needed / MIB:,.0f} MiB on the disk, but only "
            f"{free / MIB:,.0f} MiB are free.",
            hint="Delete old runs, or choose a smaller network.",
        )
