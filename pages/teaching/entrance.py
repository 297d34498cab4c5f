"""Ways into the page Teach from other pages: with the rock, the slice and the model at hand."""

import streamlit as st

from pages.components.painting import tickets
from pages.server import navigation
from pages.session import state
from pages.session.state import Source
from pages.teaching.opening import CORRECT

TEACH_IT = "Teach it your rock"


def offer_teaching(source: Source, **how: str) -> None:
    """Offer to teach what a scan shows, where strokes can be kept; `how` is as in `st.button`."""
    if tickets.address() and st.button(TEACH_IT, key="teach-it", icon=":material/brush:", **how):
        st.switch_page(navigation.TEACH, query_params=_place(source))


def offer_correction(source: Source, model_name: str) -> None:
    """Offer to correct what a model says by strokes."""
    if not tickets.address():
        return
    help = "Paint where the labels are wrong: the model learns from it, and all labels follow."
    if st.button(
        "Correct this", key="correct-this", icon=":material/brush:", help=help, type="tertiary"
    ):
        chosen = {state.MODEL: model_name, CORRECT: "true"}
        st.switch_page(navigation.TEACH, query_params=_place(source) | chosen)


def _place(source: Source) -> dict[str, str]:
    z = st.session_state.get(state.SLICE)
    return {state.SAMPLE: source.id} | ({state.SLICE: str(z)} if z else {})
