"""Folders for what visitors bring and what is computed for them: random names, removed by age.

How much may lie there is set by `settings`: `QUOTA_SESSION`, `QUOTA_TOTAL`, `MIN_FREE`.
"""

import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandseg.errors import SandsegError
from sandseg.scan.limits import size_text
from sandseg.settings import MIN_FREE, QUOTA_SESSION, QUOTA_TOTAL, WORK

MAX_AGE_S = 24 * 3600.0


def work_folder() -> Path:
    """Return the folder that holds all visitors' folders: `SANDSEG_WORK`, or a temporary one.

    Raises:
        SandsegError: It cannot be made.
    """
    default = Path(tempfile.gettempdir()) / f"sandseg-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder = WORK.read() or default
    with writing():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def new_visit() -> Path:
    """Return where the folders of a new visit will lie; nothing is made before it is needed."""
    return work_folder() / secrets.token_urlsafe(16)


def new_folder(visit: Path | None = None, name: str = "") -> Path:
    """Make an empty folder whose name nobody can guess.

    Args:
        visit: A place named by `new_visit`; the new folder is in it and counts together with its
            neighbours.
        name: As random as a new one, where it was handed out before.

    Raises:
        SandsegError: There is no room for it.
    """
    everything = work_folder()
    folder = (visit or everything) / (name or secrets.token_urlsafe(16))
    with writing():
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
    return folder


def require_room(folder: Path, n_bytes: int) -> None:
    """Check that so many bytes more may be kept in a folder made by `new_folder`.

    Raises:
        SandsegError: The visit or all visits would hold too much, or the disk is too full.
        ConfigError: A limit is no number.
    """
    everything = work_folder()
    visit = everything / folder.relative_to(everything).parts[0]
    needed, most, spare = size_text(n_bytes), QUOTA_SESSION.read(), MIN_FREE.read()
    if (held := _size(visit)) + n_bytes > most:
        raise SandsegError(
            f"This visit holds {size_text(held)}, and {needed} more are needed; "
            f"a visit may hold {size_text(most)}.",
            hint="Reload the page to begin a new visit, or take a smaller part of the stack. "
            f"Or start the app with a higher {QUOTA_SESSION.name}.",
        )
    if (held := _size(everything)) + n_bytes > (most := QUOTA_TOTAL.read()):
        raise SandsegError(
            f"All visitors' files take {size_text(held)}, and {needed} more are needed; "
            f"this server keeps {size_text(most)}.",
            hint="Try again later, when other visits have ended. "
            f"Or start the app with a higher {QUOTA_TOTAL.name}.",
        )
    if (free := shutil.disk_usage(everything).free) - n_bytes < spare:
        raise SandsegError(
            f"This needs {needed} on the server's disk. {size_text(free)} are free there, "
            f"and {size_text(spare)} are to stay free.",
            hint="Make room on the disk, name a larger one with SANDSEG_WORK, "
            f"or start the app with a lower {MIN_FREE.name}.",
        )


@contextmanager
def writing() -> Iterator[None]:
    """Turn a failure to write among the visitors' folders into a sentence.

    Raises:
        SandsegError: The disk is full, or may not be written to.
    """
    try:
        yield
    except OSError as error:
        raise SandsegError(
            f"The server cannot keep files: {error.strerror or error}.",
            hint="Make room where SANDSEG_WORK points to, or name another folder there.",
        ) from error


def remove_folder(folder: Path) -> None:
    """Remove a folder made by `new_folder`, with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep(max_age_s: float = MAX_AGE_S, now: float | None = None) -> int:
    """Remove folders nothing was written to for so many seconds; return how many.

    A time as far ahead is of a clock that was wrong, and is no reason to keep a folder forever.
    """
    now = time.time() if now is None else now
    folders = [folder for folder in work_folder().iterdir() if folder.is_dir()]
    old = [folder for folder in folders if abs(now - _last_written(folder)) > max_age_s]
    for folder in old:
        remove_folder(folder)
    return len(old)


def _last_written(folder: Path) -> float:
    """Return the youngest time in a folder; writing to a file leaves its folder's time alone."""
    return max((facts.st_mtime for facts in _facts(folder)), default=0.0)


def _size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(facts.st_size for facts in _facts(folder) if stat.S_ISREG(facts.st_mode))


def _facts(folder: Path) -> Iterator[os.stat_result]:
    """Tell size and time of a folder and of all that is in it and stays long enough to be seen."""
    for parent, _, names in os.walk(folder):
        for path in (parent, *(os.path.join(parent, name) for name in names)):  # noqa: PTH118
            with suppress(FileNotFoundError):  # a job is at work, or another sweep
                yield os.lstat(path)
