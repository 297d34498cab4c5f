"""Look through a stack: slices with their true labels, side views, grey values."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.greys import slice_counts, survey
from pages.cache.rocks import open_source, stack_of
from pages.cache.slices import grey_picture, true_picture
from pages.cache.task import Task
from pages.charts.histogram import show_histogram
from pages.components.copy_link import copy_link
from pages.components.side_views import choose_spot, show_side_views, take_spot
from pages.components.viewer import Allowed, Display, Pane, viewer
from pages.panels.choices import choose_model, choose_slice, choose_source
from pages.panels.contact_sheet import show_contact_sheet
from pages.panels.grey_mapping import show_treatment
from pages.panels.own_labels import choose_labels
from pages.panels.page_head import head_row, page_head
from pages.panels.refusals import user_errors
from pages.panels.slice_view import shown_slice
from pages.server import navigation
from pages.session import address, state
from pages.session.state import Source
from pages.session.treatment import task_for
from pages.words.numbers import plain
from pages.words.scans import facts_text, split_text
from sandseg.model.store import StoredModel

SLICE, STACK = "slice", "stack"
COUNTED = {SLICE: "This slice", STACK: "Whole stack"}


def clear_class(task: Task, truth: str, model: StoredModel) -> int:
    """Return the commonest class of the rock: tinted, it would drown the picture."""
    counts = survey(task, truth).counts.sum(axis=1)
    return max((m.value for m in model.classes if not m.is_pore), key=lambda i: counts[i])


def show_slice(
    task: Task, truth: str, z: int, source_id: str, spot: tuple[int, int] | None, clear: int
) -> tuple[int, ...]:
    """Show a slice, its true labels over it; return the labels that are not colored."""
    labels = true_picture(task, z, truth) if truth else None
    shown = viewer(
        [Pane("Slice", grey_picture(task, z), labels)],
        shown_slice(task, z, marker=spot),
        Display(clear_class=clear, height=560, stepper=False),
        Allowed(on_step=state.take_slice, on_pick=take_spot if spot else None),
        key=f"browse-{source_id}",
    )
    return shown.hidden or (clear,)


def show_greys(task: Task, truth: str, z: int, model: StoredModel, n_slices: int) -> None:
    """Show how often each grey value occurs, in the slice or in the stack."""
    of = SLICE
    with head_row():
        st.markdown("**Grey values**", width="content")
        if n_slices > 1:
            of = address.segments("Grey values of", COUNTED, "of")
        is_log = st.toggle("Logarithmic", key="log", bind="query-params", width="content")
    counts = _counts(task, truth, z, is_slice=of == SLICE)
    text = f"Histogram of the grey values: {COUNTED[of].lower()}, over the model's training slices"
    show_histogram(counts, model.histogram, model.classes, is_log, text)


def _counts(task: Task, truth: str, z: int, is_slice: bool) -> np.ndarray:
    if is_slice:
        return slice_counts(task, z, truth)
    return survey(task, truth).counts


@st.fragment
def show_at_slice(
    task: Task, source: Source, model: StoredModel, truth: str, views: DeltaGenerator
) -> None:
    """Everything that follows the slice; moving the slider redraws this and no more."""
    stack = open_source(task.source)
    shown = st.container()
    z = choose_slice(stack.n_slices, source)
    with views:
        spot = None if source.numbers else choose_spot(stack)
    with shown, user_errors():
        clear = clear_class(task, truth, model)
        hidden = show_slice(task, truth, z, source.id, spot, clear)
    show_greys(task, truth, z, model, stack.n_slices)
    if spot:
        with views, user_errors():
            show_side_views(task, truth, z, spot, hidden, stack.shape)


@st.fragment
def workbench() -> None:
    """What is looked at."""
    picture, side = st.columns([2, 1], gap="medium")
    with picture, page_head("Browse"):
        copy_link()
    with side, user_errors():
        source = choose_source(st.session_state.get(state.MODEL))
        model = choose_model(source)
        task = task_for(source, model)
        show_treatment(source)
        stack = stack_of(task, source.title)
        facts = st.container()
        views = st.container()
        truth = choose_labels(source, model.classes)
    with picture, user_errors():
        show_at_slice(task, source, model, truth, views)
        if stack.n_slices > 1:
            show_contact_sheet(task, stack.n_slices)
    with side, user_errors():
        text = facts_text(stack, survey(task, truth), source)
        facts.caption(plain(f"{text} {split_text(source, model)}"))


navigation.start_page()
workbench()
