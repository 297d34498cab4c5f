"""What a visitor chooses: rock, model, slice."""

from functools import partial

import streamlit as st

from pages.cache.models import list_models
from pages.cache.rocks import forget_samples, has_sandstone
from pages.components.uploader.uploader import ask_upload
from pages.panels.model_card import model_title, show_card
from pages.panels.own_files import ask_about_file
from pages.panels.refusals import show_refusal
from pages.session import address, state
from pages.session.right_model import right_model
from pages.session.state import Source
from pages.words.numbers import plain
from sandseg.data import samples
from sandseg.data.sandstone_files import DOWNLOAD_MB
from sandseg.errors import ModelError, SandsegError
from sandseg.model.store import AUTO, StoredModel
from sandseg.scan.formats import STACK_KINDS, STACK_SUFFIXES
from sandseg.uploads.receive import Wanted


def choose_model(source: Source) -> StoredModel:
    """Ask for one of the models at hand; without a choice it is the right one for the rock."""
    models = {model.name: model for model in list_models()}
    if not models:
        raise ModelError(
            "There is no model to segment with.",
            hint="Put a model folder into models/ and reload the page.",
        )
    titles = {name: model_title(model) for name, model in models.items()}
    with st.spinner("Looking at the rock …"):
        right = right_model(source)
    if right:
        titles = {AUTO: "Automatic"} | titles
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        name = address.select("Model", titles, state.MODEL)
        model = right.model if right and name == AUTO else models[name]
        show_card(model, "", help="What this model is, and how good")
    if right and name == AUTO:
        if right.sentence:
            st.info(plain(right.sentence), icon=":material/category:")
        else:
            st.caption(plain(f"For this rock: {model_title(model)}"))
    return model


def choose_source(model_name: str | None) -> Source:
    """Ask for a sample or a file of the visitor's own."""
    choices = state.sources()
    wanted = st.query_params.get(state.SAMPLE, "")
    if wanted and wanted not in choices:
        st.session_state[state.GONE] = True
    titles = {source_id: source.title for source_id, source in choices.items()}
    source_id = address.select("Rock", titles, state.SAMPLE, on_change=state.forget_slice)
    if state.GONE in st.session_state:
        st.warning(
            f"The rock this link leads to is not here any more, so {plain(titles[source_id])} is "
            "shown instead. Choose another rock, or send the file again.",
            icon=":material/link_off:",
        )
    _offer_sandstone()
    ask_upload(
        "Or your own: one file, numbered slices, a ZIP",
        "image",
        Wanted(STACK_SUFFIXES, is_many=True, kinds=STACK_KINDS),
        partial(state.take_files, model_name=model_name),
        refusal_key=state.REFUSAL,
    )
    if refusal := state.pop_refusal():
        show_refusal(refusal)
    ask_about_file(model_name)
    return choices[source_id]


def _offer_sandstone() -> None:
    """Download the real rock where it is not at hand, once for all visitors."""
    if has_sandstone():
        return
    label = f"Get slices of a real sandstone ({DOWNLOAD_MB} MB)"
    if not st.button(label, key="get-sandstone", type="tertiary", icon=":material/download:"):
        return
    place = st.empty()

    def show_progress(n_done: int, n_files: int) -> None:
        place.progress(n_done / n_files, f"File {min(n_done + 1, n_files)} of {n_files}")

    try:
        samples.fetch_sandstone(show_progress)
    except SandsegError as error:
        place.empty()
        show_refusal(error)
        return
    forget_samples()
    address.wish(state.SAMPLE, samples.SANDSTONE)
    state.forget_slice()
    st.rerun()


def choose_slice(n_slices: int, source: Source | None = None) -> int:
    """Ask for a slice; the visitor counts from one. Slices that lie apart have numbers, too."""
    if n_slices == 1:
        return 0
    middle = n_slices // 2 + 1
    with st.container(gap=None):
        shown = st.slider(
            "Slice",
            1,
            n_slices,
            middle,
            format=f"Slice %d of {n_slices}",
            key=state.SLICE,
            label_visibility="collapsed",
            bind="query-params",
        )
        if source and source.numbers:
            st.caption(f"{source.slice_title(shown - 1)} of the scan")
    return shown - 1
