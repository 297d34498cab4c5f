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
from sandseg.model.store import CARD, load_model
from sandseg.ownership import is_signed_by, sign
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
from sandseg.runs.permissions import (
    NOBODY,
    Visitor,
    is_teacher,
    require_right,
    require_start,
    require_training,
    training_rules,
)
from sandseg.runs.process import kill
from sandseg.runs.queue import LOADING, LOCK, advance_queue, put_in_queue
from sandseg.runs.settings import RunSettings, settings_from, write_settings
from sandseg.runs.sources import check_source, keep_uploads
from sandseg.runs.status import run_folders, status_of, waiting_runs

MIB = 2**20
MOST_OWN = 2  # at work or waiting, of a visitor where all may train
RESUMABLE = ("paused", "stopped", "failed")


def start_run(settings: RunSettings, by: Visitor = NOBODY) -> str:
    """Queue a training; it begins at once when no other one runs.

    Returns:
        The id of the run, the name of its folder.

    Raises:
        TrainingError: Training is off, the token is wrong, the queue or the disk is full, or the
            data are not there.
        ModelError: The model to start from is not there.
    """
    require_start(by)
    check_source(settings)
    if settings.start_from:
        load_model(settings.start_from)
    root = runs_root()
    root.mkdir(parents=True, exist_ok=True)
    _check_disk(root, needed_bytes(settings))
    run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(8)}"
    with locked(root / LOCK):
        _check_queue(by)
        with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as parent:
            made = Path(parent) / run_id
            made.mkdir()
            kept = keep_uploads(settings, made)
            moved = {
                kind: path.replace(str(made), str(root / run_id)) for kind, path in kept.items()
            }
            write_settings(made, replace(settings, source=replace(settings.source, **moved)))
            sign(made, by.key)
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


def stop_run(run_id: str, by: Visitor = NOBODY) -> None:
    """Ask a run to end after the step at work; the model of its best epoch is kept.

    Raises:
        TrainingError: There is no such run, or it is another visitor's.
    """
    _ask(run_id, STOP, "stopped", "Stopped before it began.", by)


def pause_run(run_id: str, by: Visitor = NOBODY) -> None:
    """Ask a run to end after the step at work in such a way that it can go on from there.

    Raises:
        TrainingError: There is no such run, or it is another visitor's.
    """
    _ask(run_id, PAUSE, "paused", "Paused before it began.", by)


def resume_run(run_id: str, by: Visitor = NOBODY) -> None:
    """Queue a run again that was paused or stopped, or that failed; it goes on where it was.

    Raises:
        TrainingError: There is no such run, it is not at rest, training is off, it is another
            visitor's, or the queue or the disk is full.
        ConfigError: Its settings cannot be read.
    """
    require_training()
    folder = run_path(run_id)
    require_right(folder, by)
    _check_disk(folder, needed_bytes(settings_from(folder)))
    with locked(runs_root() / LOCK):
        state = status_of(folder).state
        if state not in RESUMABLE:
            raise TrainingError(
                f"This run is {state}, so there is nothing to resume.",
                hint="Start a new run with other settings.",
            )
        _check_queue(by)
        for request in (STOP, PAUSE):
            (folder / request).unlink(missing_ok=True)
        put_in_queue(folder)
    advance_queue()


def delete_run(run_id: str, by: Visitor = NOBODY) -> None:
    """Remove a run with all that is in its folder.

    Raises:
        TrainingError: There is no such run, it is at work, training is off, or it is another
            visitor's.
    """
    require_training()
    folder = run_path(run_id)
    require_right(folder, by)
    with locked(runs_root() / LOCK):
        if status_of(folder).state in ("running", "stopping"):
            raise TrainingError("This run is at work.", hint="Stop it first, then delete it.")
        kill(folder)  # it may still be closing down
        shutil.rmtree(folder)
    advance_queue()


def _ask(run_id: str, request: str, state: str, message: str, by: Visitor) -> None:
    """Leave a request to a run's process; a run that waits is at rest at once."""
    folder = run_path(run_id)
    require_right(folder, by)
    with locked(runs_root() / LOCK):
        found, entries = status_of(folder).state, status_entries(folder)
        is_loading = found == "running" and entries.get("message") == LOADING
        if found == "queued" or (is_loading and not (folder / CHECKPOINT).is_dir()):
            kill(folder)  # it has nothing to lose yet
            write_json(folder / STATUS, entries | {"state": state, "message": message})
        elif found in ("running", "stopping"):
            (folder / request).touch()
        elif found in ("paused", "failed") and request == STOP and _has_best(folder):
            require_training()
            (folder / request).touch()  # a process makes the model from the checkpoint
            (folder / PAUSE).unlink(missing_ok=True)
            put_in_queue(folder)
    advance_queue()


def _has_best(folder: Path) -> bool:
    return (folder / CHECKPOINT / BEST).is_file()


def _check_queue(by: Visitor) -> None:
    if training_rules().is_open and not is_teacher(by):
        _check_own(by)
    n_waiting, longest = len(waiting_runs()), training_rules().max_queue
    if n_waiting >= longest:
        raise TrainingError(
            f"{n_waiting} trainings wait already; this server lets no more than {longest} wait.",
            hint="Wait until one has ended, or delete one that waits.",
        )


def _check_own(by: Visitor) -> None:
    """Where all may train, nobody fills the queue alone."""
    own = [folder for folder in run_folders() if is_signed_by(folder, by.key)]
    if (n_active := sum(status_of(folder).is_active for folder in own)) >= MOST_OWN:
        raise TrainingError(
            f"{n_active} of your trainings are at work or wait.",
            hint="Wait until one has ended, or stop one.",
        )


def _check_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError(
            f"The training needs {needed / MIB:,.0f} MiB on the disk, but only "
            f"{free / MIB:,.0f} MiB are free.",
            hint="Delete old runs, or choose a smaller network.",
        )
