"""What a visitor chooses: rock, model, slice, labels to compare with."""

import streamlit as st

from pages.shared import cache, state, widgets
from pages.shared.model_card import model_title, show_card
from pages.shared.state import Source
from sandseg.errors import ModelError
from sandseg.model_store import StoredModel


def choose_model() -> StoredModel:
    """Ask for one of the models at hand."""
    models = {model.name: model for model in cache.list_models()}
    if not models:
        raise ModelError(
            "There is no model to segment with.",
            hint="Put a model folder into models/ and reload the page.",
        )
    choice, card = st.columns([5, 1], vertical_alignment="bottom", gap="xsmall", wrap=False)
    name = choice.selectbox(
        "Model",
        models,
        format_func=lambda name: model_title(models[name]),
        key=state.MODEL,
        bind="query-params",
    )
    with card:
        show_card(models[name], "", help="What this model is, and how good")
    return models[name]


def choose_source(model_name: str | None) -> Source:
    """Ask for a sample or a file of the visitor's own."""
    choices = state.sources()
    source_id = st.selectbox(
        "Rock",
        choices,
        format_func=lambda source_id: choices[source_id].title,
        key=state.SAMPLE,
        bind="query-params",
        on_change=state.forget_slice,
    )
    key = state.upload_key("image")
    st.file_uploader(
        "Or your own TIFF: a slice or a stack",
        type=["tif", "tiff"],
        key=key,
        on_change=state.take_file,
        args=(key, model_name),
    )
    if refusal := state.pop_refusal():
        widgets.show_refusal(refusal)
    return choices[source_id]


def choose_labels(source: Source) -> str:
    """Return where the true labels are, "" without; ask for them in a corner."""
    with st.expander("Have labels? Compare", icon=":material/rule:"):
        key = state.upload_key("labels")
        st.file_uploader(
            "Labels of the same slices (TIFF)",
            type=["tif", "tiff"],
            key=key,
            on_change=state.take_labels,
            args=(key, source),
            help="Values 0 to 3 (air, clay, quartz, pyrite), 1 to 4 with 0 for unlabelled, or RGB.",
        )
    if refusal := state.pop_refusal("labels_refusal"):
        widgets.show_refusal(refusal)
    return state.truth_of(source)


def choose_slice(n_slices: int) -> int:
    """Ask for a slice; the visitor counts from one."""
    if n_slices == 1:
        return 0
    middle = n_slices // 2 + 1
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
    return shown - 1
