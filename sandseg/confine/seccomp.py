"""Which calls of the kernel a process may still make: a seccomp filter, of Linux 3.17 and newer.

What is not in `calls` fails as not permitted. A filter is a small program that the kernel runs at
each call, on the record of its number, machine and arguments:
https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import os
import struct

from sandseg.confine.calls import SECCOMP, numbers
from sandseg.confine.kernel import ARCHITECTURES, architecture, system_call

_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_GET_ACTION_AVAIL = 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # bytes into the record

_CLONE_THREAD = 0x10000
_IOCTLS = (0x5401, 0x5413, 0x5451)  # is it a terminal, how large, close it in a new program
_FCNTLS = (*range(8), 1030)  # copies, flags, locks; not who is signalled


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def is_offered() -> bool:
    """Tell whether the kernel has such filters, for a machine whose numbers are known."""
    machine = architecture()
    if machine is None:
        return False
    try:
        action = ctypes.byref(ctypes.c_uint32(_REFUSE))
        return system_call(SECCOMP[machine], _GET_ACTION_AVAIL, 0, action) == 0
    except OSError:
        return False


def restrict() -> None:
    """Let all threads of this process make no calls but those in `calls`, for good.

    Raises:
        OSError: The kernel refuses it.
    """
    machine = architecture()
    code = b"".join(_code(machine))
    program = _Program(len(code) // 8, code)
    arguments = (_SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))
    if system_call(SECCOMP[machine], *arguments):
        raise OSError(errno.EAGAIN, "A thread has another filter.")


def _code(machine: str) -> list[bytes]:
    known = numbers(machine)
    code = [_step(_LOAD, _MACHINE), _step(_EQUAL, ARCHITECTURES[machine], 1, 0), _end(_KILL)]
    code.append(_step(_LOAD, _NUMBER))
    code += _case(known.pop("clone3"), [_end(_REFUSE | errno.ENOSYS)])  # then it is tried by clone
    # A thread, but no process.
    code += _case(known.pop("clone"), _only(0, (_CLONE_THREAD,), _ANY_BIT))
    code += _case(known.pop("tgkill"), _only(0, (os.getpid(),)))
    code += _case(known.pop("prlimit64"), _only(0, (0, os.getpid())))
    code += _case(known.pop("ioctl"), _only(1, _IOCTLS))
    code += _case(known.pop("fcntl"), _only(1, _FCNTLS))
    for number in known.values():
        code += _case(number, [_end(_ALLOW)])
    return [*code, _end(_REFUSE | errno.EPERM)]


def _case(number: int, what: list[bytes]) -> list[bytes]:
    """What to do at one call; it must end there."""
    return [_step(_EQUAL, number, 0, len(what)), *what]


def _only(place: int, values: tuple[int, ...], test: int = _EQUAL) -> list[bytes]:
    """Allow a call by its argument at a place, of which the kernel takes the low 32 bits."""
    code = [_step(_LOAD, _ARGUMENTS + 8 * place)]
    for value in values:
        code += [_step(test, value, 0, 1), _end(_ALLOW)]
    return [*code, _end(_REFUSE | errno.EPERM)]


def _end(action: int) -> bytes:
    return _step(_RETURN, action)


def _step(code: int, value: int, n_if_so: int = 0, n_if_not: int = 0) -> bytes:
    """One instruction, and how many to skip after a comparison."""
    return struct.pack("=HBBI", code, n_if_so, n_if_not, value)
