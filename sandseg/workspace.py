"""Folders for what visitors bring and what is computed for them: random names, removed by age."""

import os
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

MAX_AGE_S = 24 * 3600.0


def work_folder() -> Path:
    """Return the folder that holds all visitors' folders: `SANDSEG_WORK`, or a temporary one."""
    default = Path(tempfile.gettempdir()) / f"sandseg-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder = Path(os.environ.get("SANDSEG_WORK", default))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def new_folder() -> Path:
    """Make an empty folder whose name nobody can guess."""
    folder = work_folder() / secrets.token_urlsafe(16)
    folder.mkdir(mode=0o700)
    return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder made by `new_folder`, with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep(max_age_s: float = MAX_AGE_S, now: float | None = None) -> int:
    """Remove folders nothing was written to for so many seconds; return how many."""
    now = time.time() if now is None else now
    folders = [folder for folder in work_folder().iterdir() if folder.is_dir()]
    old = [folder for folder in folders if now - _last_written(folder) > max_age_s]
    for folder in old:
        remove_folder(folder)
    return len(old)


def _last_written(folder: Path) -> float:
    """Return the youngest time in a folder; writing to a file leaves its folder's time alone."""
    times = [0.0]
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # a job is at work, or another sweep
            times.append(path.stat().st_mtime)
    return max(times)
