"""Folders for what visitors bring and what is computed for them: random names, removed by age.

work/.sandseg/NAME   an empty file for each folder that was made here: no other is ever removed;
                     the server that serves a visit holds the lock on its file
work/NAME/           a visit's folders

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
from typing import BinaryIO

from sandseg.errors import SandsegError
from sandseg.lock import try_lock
from sandseg.scan.limits import size_text
from sandseg.settings import MIN_FREE, QUOTA_SESSION, QUOTA_TOTAL, WORK

MAX_AGE_S = 24 * 3600.0
_MARKS = ".sandseg"
_served: dict[Path, BinaryIO] = {}  # by a visit's folder: its mark, locked while it is served


def work_folder() -> Path:
    """Return the folder that holds all visitors' folders: `SANDSEG_WORK`, or a temporary one.

    Raises:
        SandsegError: It cannot be made.
    """
    default = Path(tempfile.gettempdir()) / f"sandseg-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder = WORK.read() or default
    with writing():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder == default and hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise SandsegError(
            "The folder for what visitors bring belongs to another user of this machine.",
            hint=f"Name one of your own with {WORK.name}.",
        )
    if folder == default:
        folder.chmod(0o700)
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
        _mark(visit or folder, is_served=visit is not None)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
    return folder


def _mark(place: Path, is_served: bool) -> None:
    """Note that a folder is this app's own, before it is made."""
    if place in _served:
        return
    mark = _mark_of(place)
    mark.parent.mkdir(mode=0o700, exist_ok=True)
    file = mark.open("ab")
    if is_served and try_lock(file):
        _served[place] = file
    else:
        file.close()


def _mark_of(place: Path) -> Path:
    return place.parent / _MARKS / place.name


def end_serving(visit: Path) -> None:
    """Say that a visit has ended: its folder goes when its time has come, or room is needed."""
    if file := _served.pop(visit, None):
        file.close()


def unserved() -> list[Path]:
    """Return the folders made here that no server serves, those written to the longest ago first.

    Locks tell it, not clocks: a server that was killed holds none.
    """
    marks = (work_folder() / _MARKS).glob("*")
    places = [mark.parents[1] / mark.name for mark in marks if _is_free(mark)]
    return sorted(places, key=_last_written)


def _is_free(mark: Path) -> bool:
    with suppress(FileNotFoundError), mark.open("ab") as file:
        return try_lock(file)
    return False


def require_room(folder: Path, n_bytes: int) -> None:
    """Check that so many bytes more may be kept in a folder made by `new_folder`.

    Raises:
        SandsegError: The visit or all visits would hold too much, or the disk is too full.
        ConfigError: A limit is no number.
    """
    everything = work_folder()
    visit = visit_of(folder)
    needed, most = size_text(n_bytes), QUOTA_SESSION.read()
    _remove_ended(n_bytes, besides=visit)
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
    if shutil.disk_usage(everything).free - n_bytes < MIN_FREE.read():
        raise _too_full(n_bytes)


def room(folder: Path) -> int:
    """Return how many bytes more may be kept in a folder, as `require_room` checks it."""
    everything = work_folder()
    left = (
        QUOTA_SESSION.read() - _size(visit_of(folder)),
        QUOTA_TOTAL.read() - _size(everything),
        shutil.disk_usage(everything).free - MIN_FREE.read(),
    )
    return max(0, min(left))


def visit_of(folder: Path) -> Path:
    """Return the folder of the visit that another one, made by `new_folder`, belongs to."""
    everything = work_folder()
    return everything / folder.relative_to(everything).parts[0]


def require_free() -> None:
    """Check that the disk is not too full for anything to be written.

    Raises:
        SandsegError: It is.
    """
    if shutil.disk_usage(work_folder()).free < MIN_FREE.read():
        raise _too_full(0)


def _too_full(n_bytes: int) -> SandsegError:
    free = shutil.disk_usage(work_folder()).free
    needed = f"This needs {size_text(n_bytes)} on the" if n_bytes else "There is no room on the"
    return SandsegError(
        f"{needed} server's disk. {size_text(free)} are free there, "
        f"and {size_text(MIN_FREE.read())} are to stay free.",
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


def _remove_ended(n_bytes: int, besides: Path) -> None:
    """Make room for so many bytes: ended visits go, those written to the longest ago first."""
    everything = work_folder()
    held, free = _size(everything), shutil.disk_usage(everything).free
    excess = n_bytes + max(held - QUOTA_TOTAL.read(), MIN_FREE.read() - free)
    if excess <= 0:
        return
    for place in unserved():
        if place != besides and excess > 0:
            excess -= _size(place)
            remove_folder(place)


def remove_folder(folder: Path) -> None:
    """Remove a folder made by `new_folder`, with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists() and folder not in _served:
        _mark_of(folder).unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove whatever lies at a path inside of a folder made by `new_folder`; follow no link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def sweep(max_age_s: float = MAX_AGE_S, now: float | None = None) -> int:
    """Remove folders of ended visits that nothing was written to for so long; return how many.

    Folders that were not made here are left alone, whatever they are called. A time as far ahead is
    of a clock that was wrong, and is no reason to keep a folder forever.

    Args:
        max_age_s: In seconds.
        now: Seconds since 1970; what the clock says where None.
    """
    now = time.time() if now is None else now
    old = [place for place in unserved() if abs(now - _last_written(place)) > max_age_s]
    for place in old:
        remove_folder(place)
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
