"""Teach a model one's own classes: paint a few strokes, see the answer, correct it, keep it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.copy_link import copy_link
from pages.components.painting import tickets
from pages.components.painting.pulse import follow_labels
from pages.lessons.lesson import Lesson
from pages.panels.choices import choose_model, choose_slice, choose_source
from pages.panels.page_head import page_head
from pages.panels.refusals import user_errors
from pages.server import navigation
from pages.session import state
from pages.session.state import Source
from pages.teaching.classes import WORKBENCH, edit_classes
from pages.teaching.deepen import offer_training
from pages.teaching.opening import CORRECT, open_lesson
from pages.teaching.panel import show_numbers, show_words
from pages.teaching.picture import (
    SLICES,
    choose_axis,
    choose_cut,
    kept_slice,
    show_plane,
    show_slice,
)
from pages.teaching.stroke_files import show_stroke_files
from pages.teaching.take_home import show_files, show_keeping, show_whole_stack

PANEL = "teach-panel"
CORRECTING = (
    "Strokes then correct what the model says, and need not explain everything anew: paint only "
    "where it is wrong. Without, only your strokes count."
)
NO_ROUTE = (
    "Painting needs SandSeg's own server, and this is Streamlit's alone. Start it with `make run`, "
    "or `streamlit run server.py`."
)


@st.fragment(key=PANEL)
def show_panel(lesson: Lesson, source: Source, z: int) -> None:
    """What was painted and learned; drawn anew as the picture changes."""
    follow_labels("pulse")
    with user_errors():
        summary = lesson.summary(z)
        show_words(summary, lesson.setting.is_correction)
        show_numbers(summary)
        edit_classes(lesson, summary.classes, lesson.setting.classes)
        if summary.is_taught:
            show_whole_stack(lesson, source)
            show_keeping(lesson, source)
            offer_training(lesson, source, z)
            show_files(lesson, source, z)
        show_stroke_files(lesson, source, is_painted=any(summary.n_pixels))


@st.fragment
def show_at_place(lesson: Lesson, source: Source, axis: str, side: DeltaGenerator) -> None:
    """Everything that follows the slice, or the plane across the slices."""
    shown, shape = st.container(), lesson.setting.shape
    if axis == SLICES:
        z = choose_slice(shape[0], source)
        with shown, user_errors(side):
            show_slice(lesson, z)
    else:
        z = kept_slice(shape[0])
        at = choose_cut(axis, shape)
        with shown, user_errors(side):
            show_plane(lesson, axis, at)
    with side, st.container():  # of this fragment's own: what stands there is drawn over
        show_panel(lesson, source, z)


@st.fragment(key=WORKBENCH)
def workbench() -> None:
    """What is taught, on which rock."""
    picture, side = st.columns([2, 1], gap="medium")
    head = picture.container()
    with side, user_errors():
        source = choose_source(st.session_state.get(state.MODEL))
        panel = st.container()
        with st.expander("What it starts from", icon=":material/visibility:"):
            model = choose_model(source)
            is_correction = not model.is_taught and st.toggle(
                "Begin with its labels", key=CORRECT, bind="query-params", help=CORRECTING
            )
    with picture, user_errors():
        if not tickets.address():
            st.info(NO_ROUTE, icon=":material/info:")
            return
        lesson = open_lesson(source, model, is_correction)
    with head, page_head("Teach"):
        axis = choose_axis(lesson.setting.shape)
        copy_link()
    with picture:
        show_at_place(lesson, source, axis, panel)


navigation.start_page()
workbench()
