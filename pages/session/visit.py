"""A visit and its place for files."""

import threading
import weakref
from functools import cache
from pathlib import Path
from queue import SimpleQueue

import streamlit as st

from pages.cache.store import forget_files_in
from sandseg.runs.segmentation import end_visit
from sandseg.uploads import workspace

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


def _end(folder: Path) -> None:
    end_visit(folder)
    _ended.put(folder)


@cache
def _start_closing() -> None:
    threading.Thread(target=_close_ended, name="closing", daemon=True).start()


def _close_ended() -> None:
    """Close what is open of the files of ended visits, or the disk would stay full of them."""
    while True:
        forget_files_in(_ended.get())
