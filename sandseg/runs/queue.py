"""The queue of runs: one at work on each GPU, or one on the CPU; the others wait."""

import sys
import time
from pathlib import Path

from sandseg.atomic import write_json
from sandseg.runs import process
from sandseg.runs.devices import training_devices
from sandseg.runs.folder import STATUS, runs_root, status_entries
from sandseg.runs.lock import locked
from sandseg.runs.permissions import training_rules
from sandseg.runs.status import is_waiting, run_folders, waiting_runs

LOCK = ".queue.lock"
LOADING = "Loading the training software"


def advance_queue(ended: Path | None = None) -> None:
    """Let waiting runs begin, one for each GPU, or one on a CPU; any process may call this.

    Args:
        ended: The folder of a run whose process calls this as the last thing it does.
    """
    if not training_rules().is_on or not any(
        is_waiting(status_entries(folder)) for folder in run_folders()
    ):
        return
    with locked(runs_root() / LOCK):
        slots = dict.fromkeys(range(len(training_devices())))
        for folder in run_folders():
            if folder != ended and process.is_alive(folder):
                slots.pop(status_entries(folder).get("slot", 0), None)
        for folder in waiting_runs()[: len(slots)]:
            _launch(folder, min(slots))
            slots.pop(min(slots))


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
