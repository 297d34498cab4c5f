"""A whole stack segmented by a process of its own: started, watched, cancelled.

The folder holds what is asked for, request.json, and the finished files: labels.tif,
confidence.tif, report.json.
"""

import contextlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from sandseg.atomic import chosen_entries, read_entries
from sandseg.model.request import SegmentRequest, write_request
from sandseg.runs.process import find_process, is_alive, last_words, launch
from sandseg.settings import MODELS
from sandseg.uploads import workspace
from sandseg.uploads.kept import ENDED, HELD, JOBS, is_whole

REQUEST = "request.json"
LABELS, CONFIDENCE, REPORT = "labels.tif", "confidence.tif", "report.json"
PROGRESS, CANCELLED = "progress.json", "cancelled"


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands; `message` and `hint` say why it failed."""

    state: str  # "running", "done", "failed" or "cancelled"
    n_done: int = 0
    n_slices: int = 0
    seconds_left: float | None = None
    message: str = ""
    hint: str = ""


def start_segmentation(request: SegmentRequest, folder: Path, models: Path | None = None) -> None:
    """Segment in a process of its own; results and progress appear in the folder.

    Args:
        request: What to segment and how; what it names as outputs is replaced by files here.
        folder: For what is written; made if it is not there.
        models: The folder that holds the model's folder, where it is not that of all models.
    """
    folder = folder.absolute()  # the process starts elsewhere
    folder.mkdir(parents=True, exist_ok=True)
    outputs = {"labels": LABELS, "confidence": CONFIDENCE, "report": REPORT}
    placed = replace(request, **{kind: folder / name for kind, name in outputs.items()})
    write_request(folder / REQUEST, placed)
    elsewhere = {MODELS.name: str(models.absolute())} if models else {}
    launch([sys.executable, "-m", "sandseg", "segment-job", str(folder)], folder, elsewhere)


def job_status(folder: Path) -> JobStatus:
    """Tell where the job of a folder stands."""
    kinds = {"n_done": int, "n_slices": int, "seconds_left": float}
    progress = chosen_entries(read_entries(folder / PROGRESS), kinds)
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
    process = find_process(folder)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()


def end_visit(visit: Path) -> None:
    """Remove what a visitor left, but for stacks that were segmented: their link still works."""
    for folder in visit.glob("*"):
        if not (folder / JOBS).is_dir() and not (folder / HELD).exists():
            cancel_job(folder)
            workspace.remove_folder(folder)
    if visit.is_dir() and not any(visit.iterdir()):
        workspace.remove_folder(visit)


def sweep_visits() -> None:
    """Remove what nobody comes back to, of ended visits and of servers that were killed.

    Stacks that came whole stay until they are old, for their link, and so do runs; halves do not,
    nor runs that their visitors ended.

    Raises:
        SandsegError: The folders cannot be looked at.
    """
    workspace.sweep()
    for visit in workspace.unserved():
        for folder in visit.glob("*"):
            if folder.is_dir() and not is_whole(folder) and not (folder / REQUEST).exists():
                workspace.remove_folder(folder)
        if visit.is_dir() and not any(visit.iterdir()):
            workspace.remove_folder(visit)
    for folder in workspace.work_folder().glob(f"*/*/{JOBS}/{ENDED}-*"):
        if not is_alive(folder):
            workspace.remove_folder(folder)
