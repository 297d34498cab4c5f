"""Slices of a whole stack at a glance, each one a step away."""

import streamlit as st

from pages.cache.greys import contact_sheet, thumbnail_slices
from pages.cache.task import Task
from pages.session import state

JUMP = "jump"


def show_contact_sheet(task: Task, n_slices: int) -> None:
    """Show evenly spread slices side by side, and lead to each."""
    slices = [z + 1 for z in thumbnail_slices(n_slices)]
    with st.expander(f"{len(slices)} slices at a glance", icon=":material/grid_view:"):
        st.image(
            contact_sheet(task),
            width="stretch",
            output_format="JPEG",
            alt=f"Slices {', '.join(map(str, slices))}",
        )
        st.pills("Go to slice", slices, key=JUMP, on_change=_jump)


def _jump() -> None:
    st.session_state[state.SLICE] = st.session_state[JUMP]
    st.session_state[JUMP] = None
