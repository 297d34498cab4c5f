"""Which files a process may still read and write: Landlock, of Linux 5.13 and newer.

Everything not named is refused for good, other processes' memory and environment in /proc
included, to root as to everybody. https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sandseg.confine.kernel import architecture, system_call

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # on every machine
_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (2**n for n in range(6))
_MAKE_DIR, _MAKE_REG = 2**7, 2**8
_REFER, _TRUNCATE, _IOCTL_DEV = 2**13, 2**14, 2**15
# The rights over files that a version of Landlock knows; others it cannot take away.
_KNOWN = {1: 2**13 - 1, 2: 2**14 - 1, 3: 2**15 - 1, 4: 2**15 - 1, 5: 2**16 - 1}
_TCP, _TO_OTHERS = 0b11, 0b11  # bind and connect (from version 4); sockets and signals (from 6)

_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _TRUNCATE | _REMOVE_FILE | _MAKE_REG
_FOLDERS = _WRITE | _MAKE_DIR | _REMOVE_DIR | _REFER
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("others", ctypes.c_uint64))


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("place", ctypes.c_int32))


def version() -> int:
    """Return which Landlock the kernel offers; 0 for none, as where a container forbids it."""
    if architecture() is None:
        return 0
    try:
        return system_call(_CREATE, None, 0, _VERSION)
    except OSError:
        return 0


def restrict(reads: Iterable[Path], writes: Iterable[Path], *, makes_folders: bool = False) -> None:
    """Let this thread, and those it starts, reach nothing but these places and what lies in them.

    Args:
        reads: Files and folders to read; those that are not there are left out.
        writes: Folders to read, and to write plain files in. Links cannot be made.
        makes_folders: In the latter, folders too, and files moved between them; version 2.

    Raises:
        OSError: The kernel refuses it, or `writes` names a folder that is not there.
    """
    offered = version()
    files = _KNOWN[min(offered, max(_KNOWN))]
    rules = _Ruleset(files, _TCP if offered >= 4 else 0, _TO_OTHERS if offered >= 6 else 0)
    size = 24 if offered >= 6 else 16 if offered >= 4 else 8
    handle = system_call(_CREATE, ctypes.byref(rules), size, 0)
    try:
        for path in reads:
            with suppress(FileNotFoundError, NotADirectoryError):
                _allow(handle, path, _READ & files)
        for path in writes:
            _allow(handle, path, (_FOLDERS if makes_folders else _WRITE) & files)
        system_call(_RESTRICT, handle, 0)
    finally:
        os.close(handle)


def _allow(handle: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        system_call(_ADD, handle, _PATH_BENEATH, ctypes.byref(_Rule(rights, place)), 0)
    except OSError as error:
        if error.errno != errno.EBADFD:  # a pseudo file, which no rule can name
            raise
    finally:
        os.close(place)
