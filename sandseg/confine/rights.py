"""Give up the rights to everything but some files, for the rest of a process's life.

The time to do so is after the imports and before the first byte of a stranger's file.
"""

import signal
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from sandseg.confine import landlock, seccomp
from sandseg.confine.kernel import PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, architecture, prctl

_BACKEND = Path(__file__).parents[1]
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_FREE_MEMORY = (
    "/proc/meminfo",
    *(f"/sys/fs/cgroup/memory.{what}" for what in ("max", "current", "stat")),
)


def missing() -> tuple[str, ...]:
    """Say what a confined process still may, since this system cannot take it away."""
    may = []
    if not landlock.version():
        may.append("read and write all files of the app's user")
    if not seccomp.is_offered():
        may.append("start programs, use the network and signal other processes")
    return tuple(may)


def give_up_rights(
    reads: Sequence[Path], writes: Sequence[Path], *, makes_folders: bool = False
) -> None:
    """Keep the right to compute, to read some files and write some folders, and no other.

    Threads can still be started, processes not. What was imported can import more of itself. The
    process ends with the thread that started it. Where the system cannot take a right away (see
    `missing`), it stays.

    Args:
        reads: Files and folders to read, beside Python, its packages and this backend.
        writes: Folders to write files in.
        makes_folders: Folders may be made in those, and files moved between them.

    Raises:
        OSError: The system offers it, and then refuses.
    """
    if architecture() is None:
        return
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(PR_SET_NO_NEW_PRIVS, 1)  # the kernel wants it so
    if landlock.version() >= (2 if makes_folders else 1):
        landlock.restrict([*_libraries(), *reads], writes, makes_folders=makes_folders)
    if seccomp.is_offered():
        seccomp.restrict()


def _libraries() -> list[Path]:
    """Where Python, its packages and the system's libraries lie; not the app's folder itself."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {*map(sysconfig.get_path, kinds), f"{sys.base_prefix}/lib", *_SYSTEM, *_FREE_MEMORY}
    return [_BACKEND, *map(Path, sorted(found))]
