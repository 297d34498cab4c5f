"""A visit and its place for files."""

import threading
import weakref
from pathlib import Path

import streamlit as st

from pages.cache.store import forget_files_in
from sandseg.runs.segmentation import end_visit
from sandseg.uploads import workspace


class Visit:
    """A visit's own place for files; when the session is forgotten, so is what nobody segmented."""

    def __init__(self):
        self.folder = workspace.new_visit()
        weakref.finalize(self, _end, self.folder).atexit = False


def _end(folder: Path) -> None:
    """Close what is still open of a visit's files, or the disk would stay full of them.

    In a thread: the collector may come here from one that holds the store's lock.
    """
    threading.Thread(target=forget_files_in, args=(folder,), daemon=True).start()
    end_visit(folder)


def visit() -> Visit:
    """Return this visit."""
    if "visit" not in st.session_state:
        st.session_state["visit"] = Visit()
    return st.session_state["visit"]
