"""Teach a model one's own classes: paint a few strokes, see the answer, correct it, keep it."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.rocks import stack_of
from pages.cache.slices import exact_grey, grey_picture, label_picture
from pages.components.copy_link import copy_link
from pages.components.painting import tickets
from pages.components.painting.pulse import follow_labels
from pages.components.viewer import Display, Paint, Pane, Shown, viewer
from pages.panels.choices import choose_model, choose_slice, choose_source
from pages.panels.page_head import page_head
from pages.panels.refusals import user_errors
from pages.server import navigation
from pages.session import state
from pages.session.state import Source
from pages.teaching.classes import WORKBENCH, edit_classes
from pages.teaching.deepen import offer_training
from pages.teaching.lesson import Lesson
from pages.teaching.opening import CORRECT, address_of, open_lesson
from pages.teaching.panel import show_numbers, show_words
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


def show_picture(lesson: Lesson, z: int) -> None:
    """Show the slice to be painted on."""
    task = lesson.setting.task
    stack = stack_of(task)
    classes = lesson.summary(z).classes
    labels = label_picture(task, z) if lesson.setting.is_correction else None  # to begin with
    viewer(
        [Pane("Strokes", grey_picture(task, z), labels)],
        Shown(z, stack.n_slices, classes, stack.voxel_size_um, partial(exact_grey, task, z)),
        Display(clear_class=None, height=560, stepper=False),
        key="teach-viewer",
        on_step=state.take_slice,
        paint=Paint(address_of(lesson), lesson.id, lesson.setting.shape),
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
        if summary.phases:
            show_whole_stack(lesson, source)
            show_keeping(lesson, source)
            offer_training(lesson, source, z)
            show_files(lesson, source, z)
        show_stroke_files(lesson, source, is_painted=any(summary.n_pixels))


@st.fragment
def show_at_slice(lesson: Lesson, source: Source, side: DeltaGenerator) -> None:
    """Everything that follows the slice."""
    shown = st.container()
    z = choose_slice(lesson.setting.shape[0], source)
    with shown, user_errors(side):
        show_picture(lesson, z)
    with side:
        show_panel(lesson, source, z)


@st.fragment(key=WORKBENCH)
def workbench() -> None:
    """What is taught, on which rock."""
    picture, side = st.columns([2, 1], gap="medium")
    with picture, page_head("Teach"):
        copy_link()
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
        show_at_slice(lesson, source, panel)


navigation.start_page()
workbench()
