"""Work as a process of its own with a folder: started, found again, ended.

It survives a page change and a closed browser, and never shares memory with the web server.
"""

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from sandseg.atomic import chosen_entries, read_entries, write_json

PROCESS, LOG = "process.json", "log.txt"
LEAST_FREE = 2**16  # bytes; with fewer, a process cannot even say why it ended


def launch(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Start a process that outlives this one; its log and its number are kept in the folder."""
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "400", **(environment or {})},
        )
    write_json(folder / PROCESS, {"pid": process.pid, "command": command})


def enter_process(folder: Path) -> None:
    """Name this very process as the one that works on the folder."""
    write_json(folder / PROCESS, {"pid": os.getpid(), "command": psutil.Process().cmdline()})


def kill(folder: Path) -> None:
    """End the folder's process, if it still runs, without asking it."""
    process = find_process(folder)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def is_alive(folder: Path) -> bool:
    """Tell whether the folder's process still runs."""
    process = find_process(folder)
    try:
        return process is not None and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def find_process(folder: Path) -> psutil.Process | None:
    """Find the job's process; a number that another process got since is not it."""
    known = chosen_entries(read_entries(folder / PROCESS), {"pid": int, "command": list})
    try:
        process = psutil.Process(known["pid"])
        # The command names this very folder. The start time would do if nobody set the clock.
        # In its first instant, and as a zombie, a process has no command yet, or no more.
        return process if process.cmdline() in (known["command"], []) else None
    except (KeyError, ValueError, OverflowError, psutil.Error):
        return None


def last_words(folder: Path, otherwise: str) -> tuple[str, str]:
    """Return the error and the hint a process left in its log, or what to say without them.

    Visitors read them, so no path of the server is in them.
    """
    log = folder / LOG
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    message = next((line[7:] for line in lines if line.startswith("error: ")), "")
    hint = next((line[6:] for line in lines if line.startswith("hint: ")), "")
    message = message.replace(f"{folder.absolute()}{os.sep}", "")
    is_full = folder.is_dir() and shutil.disk_usage(folder).free < LEAST_FREE
    if os.strerror(errno.ENOSPC) in message or (not message and is_full):
        message = "There is no space left on the server's disk."
        hint = "Try again when there is, or take a smaller part of the stack."
    elif not message:
        message = otherwise
        hint = "Try again; if it happens again, the server's log has the reason."
    return message, hint
