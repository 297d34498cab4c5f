"""A prediction against its labels: what is wrong, where, and how sure the scores are."""

from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.errors import cell_pixels
from pages.cache.models import classes_of, find_model
from pages.cache.rocks import open_source
from pages.cache.task import Task
from pages.charts.reliability import show_reliability
from pages.charts.scores import show_scores
from pages.components.copy_link import copy_link
from pages.evaluation import views
from pages.evaluation.pictures import choose_pictures, show_pictures
from pages.panels.choices import choose_model, choose_slice, choose_source
from pages.panels.grey_mapping import show_treatment
from pages.panels.own_labels import choose_labels
from pages.panels.page_head import head_row, page_head
from pages.panels.refusals import user_errors
from pages.panels.stack_run import finished_folder
from pages.server import navigation
from pages.session import state
from pages.session.state import Source
from pages.session.treatment import task_for
from sandseg.export.names import safe_name
from sandseg.score.evaluation import combine
from sandseg.score.summary import finding


class Places(NamedTuple):
    """Where else on the page there is something that follows the slice."""

    headline: DeltaGenerator
    side: DeltaGenerator
    scores: DeltaGenerator
    certainty: DeltaGenerator
    worst: DeltaGenerator


class Asked(NamedTuple):
    """What the visitor wants to see: the labels, of one slice or all, which pictures and matrix."""

    truth: str
    is_whole: bool
    pictures: tuple[str, int | None]
    matrix: str


@st.fragment
def show_at_slice(task: Task, source: Source, asked: Asked, places: Places) -> None:
    """Everything that follows the slice; moving the slider redraws this and no more."""
    classes = classes_of(task.model_name)
    shown = st.container()
    z = choose_slice(open_source(task.source).n_slices, source)
    with places.side, user_errors(*places):
        parts = views.choose_parts(task, z, asked.truth, asked.is_whole)
        found = combine(parts)
        facts = partial(views.facts_of, source, task, parts)
        cell = views.choose_cell(found, asked.matrix, classes, safe_name(source.title), facts)
        lit, n_lit = cell_pixels(task, z, asked.truth, *cell) if cell else (None, 0)
        if cell:
            views.show_cell(cell, n_lit, found, parts if asked.is_whole else {}, classes, source)
    with places.headline:
        page_head(finding(found.matrix, classes))
        views.show_honesty(source, find_model(task.model_name), list(parts))
    with shown, user_errors(*places):
        show_pictures(task, z, asked.truth, asked.pictures, lit)
    with places.scores:
        show_scores(found, classes)
    with places.certainty:
        show_reliability(found.reliability)
    if asked.is_whole:
        with places.worst:
            views.show_worst(task, asked.truth, parts, source, find_model(task.model_name))


@st.fragment
def workbench() -> None:
    """What is compared with what."""
    picture, side = st.columns([2, 1], gap="medium")
    headline = picture.container()
    with side, user_errors():
        source = choose_source(st.session_state.get(state.MODEL))
        model = choose_model(source)
        truth = choose_labels(source, model.classes)
        task = task_for(source, model, finished_folder(source, model))
        show_treatment(source)
        n_slices = open_source(task.source, source.title).n_slices
    if not truth:
        with picture:
            views.invite(task, n_slices)
        return
    with side, user_errors():
        is_whole = views.choose_scope(source, model, n_slices)
        matrix = views.choose_matrix()
        cells, certainty = st.container(), st.container()
    with picture:
        with head_row():
            pictures = choose_pictures(model.classes)
            copy_link()
        shown, scores = st.container(), st.container()
    worst = st.container()
    with shown:
        asked = Asked(truth, is_whole, pictures, matrix)
        show_at_slice(task, source, asked, Places(headline, cells, scores, certainty, worst))


navigation.start_page()
workbench()
