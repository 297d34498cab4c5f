"""Start a process that is to give up its rights, ask it one thing, and end it whole.

It gets none of this process's environment but what its libraries need to start.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from sandseg.confine.rights import missing

MOST_SAID = 2**24  # bytes of an answer
_ROOT = Path(__file__).parents[2]
_KEPT = (
    *("LANG", "LC_ALL", "LC_CTYPE", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
_log = logging.getLogger(__name__)


class TooSlowError(Exception):
    """The process did not answer in time and was ended."""


def ask_apart(
    module: str, request: dict, seconds: float | None = None, more: Mapping[str, str] | None = None
) -> bytes:
    """Run a module as a process, give it a request as JSON, and return what it says on stdout.

    Args:
        module: It gives up its rights itself; see `rights.give_up_rights`.
        request: What it reads from stdin.
        seconds: After which it is ended, with all it has started.
        more: Variables of its environment.

    Returns:
        What it said before it ended, however that was; nothing if it said too much.

    Raises:
        TooSlowError: It took longer.
    """
    _say_what_is_missing()
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # in it are paths, and no end of words if it likes
        cwd=_ROOT,
        env={**kept, **(more or {})},
        start_new_session=True,
    )
    late = threading.Event()

    def end_late() -> None:
        late.set()
        _end(process)

    clock = threading.Timer(seconds or threading.TIMEOUT_MAX, end_late)
    clock.daemon = True
    clock.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request).encode())
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stdout.read(MOST_SAID + 1)
    finally:
        clock.cancel()
        _end(process)
        process.stdout.close()
        process.wait()
    if late.is_set():
        raise TooSlowError
    return said if len(said) <= MOST_SAID else b""


def _end(process: subprocess.Popen) -> None:
    """Kill it and what it has started, unless it was waited for."""
    if sys.platform == "win32":
        process.kill()
    elif process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


@cache
def _say_what_is_missing() -> None:
    for right in missing():
        _log.warning("This system cannot confine decoders: they may %s; see SECURITY.md.", right)
