"""A visit, its place for files, and the key of its browser."""

import threading
import time
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue

import streamlit as st

from pages.cache.store import forget_files_in
from pages.server.browser_key import known_key, new_key
from sandseg.errors import SandsegError
from sandseg.runs.segmentation import end_visit, sweep_visits
from sandseg.uploads import workspace

SWEEP_S = 60.0  # from one look for what can be removed to the next
# The collector ends a visit in any thread, whatever locks that one holds: this queue needs none.
_ended: SimpleQueue[Path] = SimpleQueue()


class Visit:
    """A visit's own place for files; when the session is forgotten, so is what nobody segmented."""

    def __init__(self):
        self.folder = workspace.new_visit()
        weakref.finalize(self, _end, self.folder).atexit = False
        _start_closing()


def visit() -> Visit:
    """Return this visit."""
    if "visit" not in st.session_state:
        st.session_state["visit"] = Visit()
    return st.session_state["visit"]


def own_key() -> str:
    """Return the key by which what this visitor brings and begins stays theirs.

    It is the browser's, where the server gave it one; else it lasts as long as the session.
    """
    if "own_key" not in st.session_state:
        st.session_state["own_key"] = known_key(st.context.cookies) or new_key()
    return st.session_state["own_key"]


def _end(folder: Path) -> None:
    end_visit(folder)
    workspace.end_serving(folder)
    _ended.put(folder)


@cache
def _start_closing() -> None:
    threading.Thread(target=_close_ended, name="closing", daemon=True).start()


def _close_ended() -> None:
    """Close what is open of the files of ended visits, or the disk would stay full of them.

    Each minute what nobody comes back to is removed.
    """
    swept = time.monotonic()
    while True:
        with suppress(Empty):
            forget_files_in(_ended.get(timeout=SWEEP_S))
        if time.monotonic() - swept >= SWEEP_S:
            with suppress(SandsegError):
                sweep_visits()
            swept = time.monotonic()
