"""A prediction against its labels: what is wrong, where, and how sure the scores are."""

from collections.abc import Mapping

import streamlit as st

from pages.shared import cache, cache_evaluate, navigation, state, widgets
from pages.shared import evaluate_views as views
from pages.shared.cache import Task
from pages.shared.choices import choose_model, choose_slice, choose_source
from pages.shared.copy_link import copy_link
from pages.shared.error_pictures import choose_pictures, show_pictures, show_prediction
from pages.shared.evaluation import Evaluation, combine
from pages.shared.own_labels import choose_labels
from pages.shared.page_head import head_row, page_head
from pages.shared.reliability_chart import show_reliability
from pages.shared.score_table import show_scores
from pages.shared.stack_run import finished_folder
from sandseg.export import safe_name
from sandseg.findings import finding


def choose_parts(task: Task, z: int, truth: str, is_whole: bool) -> Mapping[int, Evaluation]:
    """Compare the slices that count: the one shown, or all with labels."""
    if is_whole:
        return views.evaluate_stack(task, truth)
    widgets.await_prediction(task, z)
    return {z: cache_evaluate.slice_evaluation(task, z, truth)}


def invite(task: Task, n_slices: int) -> None:
    """Say what the page is for where there is nothing to compare the prediction with."""
    with page_head("Evaluate"):
        copy_link()
    st.info(
        "No labels for this stack yet. Upload them to see how good the prediction is.",
        icon=":material/label:",
    )
    shown = st.container()
    z = choose_slice(n_slices)
    with shown, widgets.user_errors():
        widgets.await_prediction(task, z)
        show_prediction(task, z)


@st.fragment
def workbench() -> None:
    """Everything that follows the slice; moving the slider redraws this and no more."""
    picture, side = st.columns([2, 1], gap="medium")
    headline = picture.container()
    with side, widgets.user_errors():
        source = choose_source(st.session_state.get(state.MODEL))
        model = choose_model()
        truth = choose_labels(source, model.classes)
        task = Task(source.place, model.name, model.sha256, finished_folder(source, model))
        n_slices = cache.open_source(task.source, source.title).n_slices
    if not truth:
        with picture:
            invite(task, n_slices)
        return
    with picture:
        with head_row():
            chosen = choose_pictures(model.classes)
            copy_link()
        shown = st.container()
        z = choose_slice(n_slices, source)
    with side, widgets.user_errors():
        is_whole = views.choose_scope(source, model, n_slices)
        parts = choose_parts(task, z, truth, is_whole)
        found = combine(parts)
        cell = views.choose_cell(found, model.classes, safe_name(source.title))
        lit, n_lit = cache_evaluate.cell_pixels(task, z, truth, *cell) if cell else (None, 0)
        if cell:
            views.show_cell(cell, n_lit, found, parts if is_whole else {}, model.classes, source)
    with headline:
        page_head(finding(found.matrix, model.classes))
        views.show_honesty(source, model, list(parts))
    with shown, widgets.user_errors():
        show_pictures(task, z, truth, chosen, lit)
    with picture:
        show_scores(found, model.classes)
    with side:
        show_reliability(found.reliability)
    if is_whole:
        views.show_worst(task, truth, parts, source, model)


navigation.start_page()
workbench()
