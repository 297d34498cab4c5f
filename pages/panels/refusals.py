"""What is wrong and what to do, where the visitor looks; what is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitInvalidLayoutContextError

from pages.cache.slices import prediction_of
from pages.cache.task import Task
from pages.words.numbers import plain
from sandseg.errors import SandsegError


@contextmanager
def user_errors(*places: DeltaGenerator) -> Iterator[None]:
    """Show a `SandsegError` as a message and end the page; let any other error through.

    `places` are those outside of a fragment that it may fill. They are emptied: what stands there
    is of another slice, and Streamlit lets a fragment fill later only what it has written to once.
    """
    try:
        yield
    except SandsegError as error:
        show_refusal(error)
        for place in places:
            with suppress(StreamlitInvalidLayoutContextError):  # nothing has ever stood there
                place.container()
        st.stop()


def show_refusal(error: SandsegError) -> None:
    """Show what is wrong and what to do."""
    st.error(plain(error.message), icon=":material/error:")
    if error.hint:
        st.info(plain(error.hint), icon=":material/lightbulb:")


def await_prediction(task: Task, z: int) -> None:
    """Segment a slice; where other visitors' slices come first, say how many and how long."""
    is_said = False

    def show(n_before: int, seconds: float) -> None:
        nonlocal is_said
        if is_said:  # a fragment may not write to what it showed outside of itself
            return
        is_said = True
        others = "1 other slice comes" if n_before == 1 else f"{n_before} other slices come"
        text = f"{others} first, about {max(seconds, 1):.0f} s"
        st.toast(text, icon=":material/hourglass_top:")

    prediction_of(task, z, on_wait=show)
