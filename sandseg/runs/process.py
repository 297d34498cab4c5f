"""Work as a process of its own with a folder, such as a segmentation: start, watch, cancel.

It survives a page change and a closed browser, and never shares memory with the web server. The
folder holds the finished files: labels.tif, confidence.tif, report.json.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LABELS, CONFIDENCE, REPORT = "labels.tif", "confidence.tif", "report.json"
PROGRESS, PROCESS, LOG, CANCELLED = "progress.json", "process.json", "log.txt", "cancelled"

LEAST_FREE = 2**16  # bytes; with fewer, a process cannot even say why it ended


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands; `message` and `hint` say why it failed."""

    state: str  # "running", "done", "failed" or "cancelled"
    n_done: int = 0
    n_slices: int = 0
    seconds_left: float | None = None
    message: str = ""
    hint: str = ""


def start_segmentation(source: Path, folder: Path, model: str, options: Sequence[str] = ()) -> None:
    """Start `sandseg segment` on a file; results and progress appear in the folder.

    Args:
        source: The file.
        folder: For what it writes; made if it is not there.
        model: Name of a stored model.
        options: More words of the command line, as in "--grey=identity".
    """
    source, folder = source.absolute(), folder.absolute()  # the process starts elsewhere
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandseg", "segment", str(source), "--model", model]
    command += ["-o", str(folder / LABELS), "--confidence", str(folder / CONFIDENCE)]
    command += ["--report", str(folder / REPORT), "--progress", str(folder / PROGRESS)]
    launch([*command, *options], folder)


def launch(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Start a process that outlives this one; its log and its number are kept in the folder."""
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "400", **(environment or {})},
        )
    write_json(folder / PROCESS, {"pid": process.pid, "command": command})


def enter_process(folder: Path) -> None:
    """Name this very process as the one that works on the folder."""
    write_json(folder / PROCESS, {"pid": os.getpid(), "command": psutil.Process().cmdline()})


def job_status(folder: Path) -> JobStatus:
    """Tell where the job of a folder stands."""
    progress = read_json(folder / PROGRESS)
    counts = {"n_done": progress.get("n_done", 0), "n_slices": progress.get("n_slices", 0)}
    if (folder / CANCELLED).exists():
        return JobStatus("cancelled", **counts)
    if (folder / REPORT).exists():  # written last
        return JobStatus("done", **counts)
    if is_alive(folder):
        return JobStatus("running", **counts, seconds_left=progress.get("seconds_left"))
    if (folder / REPORT).exists():  # finished between the two looks
        return JobStatus("done", **counts)
    message, hint = last_words(folder, "The segmentation ended unexpectedly.")
    return JobStatus("failed", **counts, message=message, hint=hint)


def cancel_job(folder: Path) -> None:
    """Ask the process to end; it removes what it had half written."""
    (folder / CANCELLED).touch()
    process = _process(folder)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()


def kill(folder: Path) -> None:
    """End the folder's process, if it still runs, without asking it."""
    process = _process(folder)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def write_json(path: Path, content: dict) -> None:
    """Write a small file beside its place and rename it, so that no reader sees half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


def read_json(path: Path) -> dict:
    """Read what `write_json` wrote; a file that is not there yet is empty."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def is_alive(folder: Path) -> bool:
    """Tell whether the folder's process still runs."""
    process = _process(folder)
    try:
        return process is not None and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _process(folder: Path) -> psutil.Process | None:
    """Find the job's process; a number that another process got since is not it."""
    known = read_json(folder / PROCESS)
    try:
        process = psutil.Process(known["pid"])
        # The command names this very folder. The start time would do if nobody set the clock.
        # In its first instant, and as a zombie, a process has no command yet, or no more.
        return process if process.cmdline() in (known["command"], []) else None
    except (KeyError, psutil.Error):
        return None


def last_words(folder: Path, otherwise: str) -> tuple[str, str]:
    """Return the error and the hint a process left in its log, or what to say without them."""
    log = folder / LOG
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    message = next((line[7:] for line in lines if line.startswith("error: ")), "")
    hint = next((line[6:] for line in lines if line.startswith("hint: ")), "")
    if not message and folder.is_dir() and shutil.disk_usage(folder).free < LEAST_FREE:
        message = "There is no space left on the server's disk."
        hint = "Try again when there is, or take a smaller part of the stack."
    elif not message:
        message = otherwise
        hint = "Try again; if it happens again, the server's log has the reason."
    return message, hint
