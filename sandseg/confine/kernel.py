"""Calls of the Linux kernel that Python has no function for, without a compiled extension."""

import ctypes
import os
import platform
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
# Their numbers of a machine: what `uname -m` calls it, and the kernel in its records.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def architecture() -> str | None:
    """Return "x86_64" or "aarch64" where this is Linux on one, in a process of 64 bits."""
    machine = platform.machine()
    is_known = sys.platform == "linux" and machine in ARCHITECTURES and sys.maxsize > 2**32
    return machine if is_known else None


def system_call(number: int, *arguments: object) -> int:
    """Make a call by its number and return what it gives.

    Raises:
        OSError: The kernel refuses it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    found = library.syscall(ctypes.c_long(number), *wide)
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found


def prctl(option: int, value: int) -> None:
    """Set something about this process.

    Raises:
        OSError: The kernel refuses it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
