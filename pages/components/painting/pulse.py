"""Lets a part of the page follow the labels, which reach the picture without Python's help."""

import secrets
from pathlib import Path

import streamlit as st

# Nothing to see. It is drawn inside the fragment that is to be drawn anew.
_mount = st.components.v2.component(
    "sandseg_pulse",
    html="<span hidden></span>",
    js=(Path(__file__).parent / "pulse.js").read_text("utf-8"),
)


def follow_labels(key: str) -> None:
    """Run this fragment again whenever the picture got new labels, twice a second at most."""
    # New data each time: else the browser goes on calling the fragment by a name that it had once.
    _mount(key=key, data={"run": secrets.token_hex(4)}, on_beat_change=lambda: None)
