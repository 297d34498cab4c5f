"""A lock between threads and processes: whoever holds the file goes first."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

RETRY_S = 0.05


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock, hold it, give it back; the end of a process gives it back too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        _lock(file)
        yield  # closing the file gives the lock back


def _lock(file: BinaryIO) -> None:
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX)
        return
    while True:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            time.sleep(RETRY_S)
        else:
            return
