"""Run a model on a sample or on a TIFF of one's own; look, measure, take home."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.rocks import stack_of
from pages.cache.slices import (
    confidence_percent,
    confidence_picture,
    error_picture,
    slice_phases,
    slice_pictures,
    true_picture,
)
from pages.cache.task import Task
from pages.charts.phases import clear_class, show_numbers
from pages.components.copy_link import copy_link
from pages.components.viewer import Allowed, Display, Pane, viewer
from pages.panels.choices import choose_model, choose_slice, choose_source
from pages.panels.downloads import show_downloads
from pages.panels.grey_mapping import choose_treatment, show_grey_values
from pages.panels.own_files import show_file
from pages.panels.own_labels import choose_labels
from pages.panels.page_head import page_head
from pages.panels.refusals import await_prediction, user_errors
from pages.panels.sample import WORKBENCH, adopt_sample, sample_shown, show_sample, take_sample
from pages.panels.slice_view import shown_slice
from pages.panels.stack_run import finished_folder, show_run
from pages.server import navigation
from pages.session import address, state
from pages.session.state import Source
from pages.session.treatment import task_for
from pages.teaching.entrance import offer_correction
from pages.words.numbers import plain
from pages.words.scans import UNSURE, stack_facts

LABELS, CONFIDENCE, TRUTH = "labels", "confidence", "truth"
VIEWS = {LABELS: "Labels", CONFIDENCE: "Confidence", TRUTH: "Beside the truth"}


def choose_view(truth: str) -> str:
    """Ask which picture of the slice to show."""
    views = {view: title for view, title in VIEWS.items() if truth or view != TRUTH}
    return address.segments("View", views, "view")


def show_slice(task: Task, source: Source, view: str, z: int, truth: str) -> None:
    """Show the picture the visitor asked for."""
    await_prediction(task, z)
    pictures = slice_pictures(task, z)
    grey, labels = pictures.grey, pictures.labels
    if view == CONFIDENCE:
        doubt, percent = confidence_picture(task, z), confidence_percent(task, z)
        panes = [Pane("Confidence", grey, labels, doubt, percent)]
    elif view == TRUTH:
        true, errors = true_picture(task, z, truth), error_picture(task, z, truth)
        panes = [Pane("Prediction", grey, labels), Pane("Truth", grey, true, errors)]
    else:
        panes = [Pane("Labels", grey, labels)]
    viewer(
        panes,
        shown_slice(task, z, **sample_shown(task, z)),
        Display(clear_class=clear_class(slice_phases(task, z)), height=580, stepper=False),
        Allowed(on_step=state.take_slice, on_shape=partial(take_sample, task, source, z)),
        key="segment-viewer",
    )
    if view == CONFIDENCE:
        st.caption(UNSURE)


@st.fragment
def show_at_slice(
    task: Task, source: Source, view: str, truth: str, numbers: DeltaGenerator
) -> None:
    """Everything that follows the slice; moving the slider redraws this and no more."""
    shown = st.container()
    z = choose_slice(stack_of(task).n_slices, source)
    with shown, user_errors(numbers):
        show_slice(task, source, view, z, truth)
    with numbers, user_errors():
        show_sample(task, source, z)
        show_numbers(task, z, truth)
        show_downloads(source, task, z)


@st.fragment(key=WORKBENCH)
def workbench() -> None:
    """What is segmented, by what, and how."""
    picture, side = st.columns([2, 1], gap="medium")
    head = picture.container()
    with side, user_errors():
        source = choose_source(st.session_state.get(state.MODEL))
        model = choose_model(source)
        choose_treatment(source, model)
        adopt_sample(source, model)
        job = finished_folder(source, model)
        task = task_for(source, model, job)
        stack = stack_of(task, source.title)
        st.caption(plain(" ".join([stack_facts(stack) + ".", *stack.notes])))
        show_file(source, model.name)
        greys = st.container()
        numbers = st.container()
        truth = choose_labels(source, model.classes, is_aside=True)
    with picture:
        shown = st.container()
        show_run(source, model, stack.n_slices)
    with head, page_head("Segment"):
        view = choose_view(truth)
        offer_correction(source, model.name)
        copy_link()
    with shown:
        show_at_slice(task, source, view, truth, numbers)
    with greys, user_errors():
        show_grey_values(task, source)


navigation.start_page()
workbench()
