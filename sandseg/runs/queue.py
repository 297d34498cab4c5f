"""The queue of runs: one at work on each GPU, or one on the CPU; the others wait."""

import sys
import time
from pathlib import Path

from sandseg.atomic import write_json
from sandseg.lock import locked
from sandseg.runs import process
from sandseg.runs.devices import training_devices
from sandseg.runs.folder import STATUS, runs_root, status_entries
from sandseg.runs.permissions import training_rules
from sandseg.runs.status import is_waiting, run_folders, waiting_runs

LOCK = ".queue.lock"
LOADING = "Loading the training software"


def advance_queue(ended: Path | None = None) -> list[Path]:
    """Let waiting runs begin, one for each GPU, or one on a CPU; any process may call this.

    It is called where a run comes, is asked to end, ends or goes, where a server starts, and, as a
    process that is killed calls nothing, again and again while somebody is on the page Train.

    Args:
        ended: The folder of a run whose process calls this as the last thing it does.

    Returns:
        The folders of the runs that began.
    """
    if not training_rules().is_on or not any(
        is_waiting(status_entries(folder)) for folder in run_folders()
    ):
        return []
    with locked(runs_root() / LOCK):
        slots = dict.fromkeys(range(len(training_devices())))
        for folder in run_folders():
            if folder != ended and process.is_alive(folder):
                slots.pop(status_entries(folder).get("slot", 0), None)
        begun = waiting_runs()[: len(slots)]
        for folder, slot in zip(begun, sorted(slots), strict=False):
            _launch(folder, slot)
    return begun


def _launch(folder: Path, slot: int) -> None:
    """Start the process of a run on one of the devices."""
    environment = {"CUDA_VISIBLE_DEVICES": str(slot)} if len(training_devices()) > 1 else {}
    starting = {"state": "running", "slot": slot, "message": LOADING, "heartbeat": time.time()}
    (folder / process.PROCESS).unlink(missing_ok=True)
    write_json(folder / STATUS, status_entries(folder) | starting)
    command = [sys.executable, "-m", "sandseg", "train", "--queued", "--run", str(folder)]
    process.launch(command, folder, environment)


def put_in_queue(folder: Path) -> None:
    """Let a run wait behind all others."""
    changes = {"state": "queued", "queued": time.time(), "message": "", "hint": ""}
    write_json(folder / STATUS, status_entries(folder) | changes)
