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
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from sandseg.confine.rights import missing

MOST_SAID = 2**24  # bytes of an answer
LOOK_S = 0.25  # between two looks at a process
_ROOT = Path(__file__).parents[2]
_KEPT = (
    *("LANG", "LC_ALL", "LC_CTYPE", "PYTHONDONTWRITEBYTECODE", "SYSTEMROOT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
_log = logging.getLogger(__name__)


class TooSlowError(Exception):
    """The process did not answer in time and was ended."""


def ask_apart(
    module: str,
    request: dict,
    seconds: float | None = None,
    more: Mapping[str, str] | None = None,
    watch: Callable[[int], None] = lambda _pid: None,
) -> bytes:
    """Run a module as a process, give it a request as JSON, and return what it says on stdout.

    Args:
        module: It gives up its rights itself; see `rights.give_up_rights`.
        request: What it reads from stdin.
        seconds: After which it is ended, with all it has started; those inside `watch` are free.
        more: Variables of its environment.
        watch: Told the process's id several times a second while it works. It may hold it up, and
            what it raises ends it and reaches the caller.

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
    over, reasons = threading.Event(), []
    follower = threading.Thread(
        target=_follow, args=(process, seconds or threading.TIMEOUT_MAX, watch, over, reasons)
    )
    follower.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request).encode())
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stdout.read(MOST_SAID + 1)
    finally:
        over.set()
        _end(process)
        follower.join()
        process.stdout.close()
        process.wait()
    if reasons:
        raise reasons[0]
    return said if len(said) <= MOST_SAID else b""


def _follow(
    process: subprocess.Popen,
    seconds: float,
    watch: Callable[[int], None],
    over: threading.Event,
    reasons: list[BaseException],
) -> None:
    """End a process that is too slow, or that `watch` says no to; note why."""
    try:
        while True:
            start = time.monotonic()
            if over.wait(min(LOOK_S, seconds)):
                return
            seconds -= time.monotonic() - start
            if seconds <= 0:
                raise TooSlowError
            watch(process.pid)
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
        reasons.append(error)
        _end(process)


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
