"""A training to look at, live or again: the same place after each epoch, and the curves."""

from pathlib import Path

import streamlit as st

from pages.components.modules import join_modules
from pages.session import address

EPOCH = "epoch"  # stands in the address
_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "sandseg_replay",
    html='<div class="replay"></div>\n',
    css=(_HERE / "replay.css").read_text("utf-8"),
    js=join_modules(_HERE / "replay.js"),
)


def asked_epoch() -> int:
    """Return the epoch the address asks for, 0 without one."""
    says = address.read(EPOCH)
    if says is not None:
        text = says[-1] if says else ""
        st.session_state[EPOCH] = int(text) if text.isdecimal() and len(text) < 6 else 0
    return st.session_state.get(EPOCH, 0)


def forget_epoch() -> None:
    """Look at the newest epoch of another training."""
    st.session_state[EPOCH] = 0


def show_replay(key: str, packed: bytes) -> None:
    """Show what `pack` made; the epoch the visitor stops at comes into the address."""
    result = _mount(key=key, data=packed, on_epoch_change=lambda: None)
    epoch = result.get(EPOCH)
    if isinstance(epoch, int):
        address.write(EPOCH, [str(epoch)] if epoch > 0 else [])
