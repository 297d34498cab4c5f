"""A visit and its place for files."""

import weakref

import streamlit as st

from sandseg.runs.segmentation import end_visit
from sandseg.uploads import workspace


class Visit:
    """A visit's own place for files; when the session is forgotten, so is what nobody segmented."""

    def __init__(self):
        self.folder = workspace.new_visit()
        weakref.finalize(self, end_visit, self.folder).atexit = False


def visit() -> Visit:
    """Return this visit."""
    if "visit" not in st.session_state:
        st.session_state["visit"] = Visit()
    return st.session_state["visit"]
