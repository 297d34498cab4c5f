"""Where the runs stand, read from their folders and processes."""

import time
from dataclasses import fields, replace
from pathlib import Path

from sandseg.errors import ConfigError
from sandseg.model.store import CARD
from sandseg.runs import process
from sandseg.runs.folder import (
    MODEL,
    PAUSE,
    SAFE_NAME,
    STOP,
    RunStatus,
    metrics_from,
    runs_root,
    status_entries,
)
from sandseg.runs.settings import SETTINGS, settings_from

N_LOG_LINES = 10
STARTING_S = 10.0
UNEXPECTED = "The training ended unexpectedly."
UNEXPECTED_HINT = (
    "Resume it; it goes on from its last checkpoint. If memory ran out, choose smaller batches."
)


def run_folders() -> list[Path]:
    """Return the folders of all runs."""
    known = runs_root().glob(f"*/{SETTINGS}")
    return [path.parent for path in known if SAFE_NAME.fullmatch(path.parent.name)]


def waiting_runs() -> list[Path]:
    """Return the runs in the queue, the next one first."""
    queued = {folder: status_entries(folder) for folder in run_folders()}
    queued = {folder: e.get("queued", 0.0) for folder, e in queued.items() if is_waiting(e)}
    return sorted(queued, key=lambda folder: (queued[folder], folder.name))


def is_waiting(entries: dict) -> bool:
    """Tell from status.json whether a run waits in the queue."""
    return entries.get("state") == "queued"


def status_of(folder: Path) -> RunStatus:
    """Return where the run of a folder stands; one with damaged settings has failed."""
    try:
        settings = settings_from(folder)
    except ConfigError as error:
        return RunStatus(folder.name, folder.name, "failed", message=error.message, hint=error.hint)
    entries = status_entries(folder)
    state, is_alive = entries.get("state"), process.is_alive(folder)
    if state in ("running", None) and not is_alive:
        entries = status_entries(folder)  # it may have ended between the two looks
        state = entries.get("state")
    status = RunStatus(
        id=folder.name,
        title=settings.title,
        state=state or "running",
        created=(folder / SETTINGS).stat().st_mtime,
        has_model=(folder / MODEL / CARD).is_file(),
        n_epochs=settings.config.epochs,
        **_numbers(entries),
        **_best(metrics_from(folder)),
    )
    if state == "queued":
        places = enumerate(waiting_runs(), start=1)
        return replace(status, queue_position=next((n for n, f in places if f == folder), 0))
    if status.state != "running":
        return status
    if is_alive or _is_starting(folder, entries):
        is_asked = (folder / STOP).exists() or (folder / PAUSE).exists()
        return replace(status, state="stopping" if is_asked else "running")
    message, hint = process.last_words(folder, UNEXPECTED)
    hint = UNEXPECTED_HINT if message == UNEXPECTED else hint
    return replace(status, state="failed", message=message, hint=hint, log_tail=_log_tail(folder))


def _numbers(entries: dict) -> dict:
    """Take from status.json what a status tells as it stands there."""
    names = {field.name for field in fields(RunStatus)} - {"state", "n_epochs"}
    found = {name: value for name, value in entries.items() if name in names}
    return found | {"warnings": tuple(entries.get("warnings", ()))}


def _best(records: list[dict]) -> dict:
    scored = [record for record in records if record.get("mean_iou") is not None]
    if not scored:
        return {}
    best = max(scored, key=lambda record: record["mean_iou"])
    return {"best_epoch": best["epoch"], "best_mean_iou": best["mean_iou"]}


def _is_starting(folder: Path, entries: dict) -> bool:
    """Whether whoever took the run from the queue is about to start its process."""
    is_young = time.time() - entries.get("heartbeat", 0.0) < STARTING_S
    return is_young and not (folder / process.PROCESS).exists()


def _log_tail(folder: Path) -> str:
    log = folder / process.LOG
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    told = [line for line in lines if not line.startswith((" ", "Traceback"))]  # no paths
    return "\n".join(told[-N_LOG_LINES:])
