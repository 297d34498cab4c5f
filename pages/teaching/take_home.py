"""What a visitor takes home of a lesson: the whole stack, files, a model of their own."""

import streamlit as st

from pages.lessons.lesson import Lesson
from pages.lessons.snapshot import snapshot, snapshot_task
from pages.panels.downloads import offer_files
from pages.panels.refusals import show_refusal
from pages.panels.stack_run import finished_folder, show_run
from pages.server import navigation
from pages.session import state
from pages.session.stack_jobs import start_job
from pages.session.state import Source, own, pop_refusal
from pages.training.access import ask_token, who
from pages.training.end import free_name
from pages.words.numbers import plain
from sandseg.errors import SandsegError
from sandseg.model.store import StoredModel
from sandseg.runs.added_models import keep_model
from sandseg.runs.permissions import training_rules

REFUSAL, KEPT = "taught_refusal", "kept_models"
KEEP_HELP = 'Letters, digits, ".", "_" and "-". It then stands in every list of models.'


def show_whole_stack(lesson: Lesson, source: Source) -> None:
    """Offer to segment the whole stack by what was learned, or show where that stands."""
    n_slices = lesson.setting.shape[0]
    if n_slices == 1:
        return
    model = _asked(lesson)
    if model is None:
        if refusal := pop_refusal(REFUSAL):
            show_refusal(refusal)
        label = f"Segment all {n_slices} slices"
        st.button(
            label,
            icon=":material/play_arrow:",
            width="stretch",
            on_click=_segment,
            args=(lesson, source),
        )
        return
    show_run(source, model, n_slices)
    if finished_folder(source, model):
        st.button(
            "Segment all again, with newer strokes",
            type="tertiary",
            on_click=_forget,
            args=(lesson,),
        )


def show_files(lesson: Lesson, source: Source, z: int) -> None:
    """Offer the files that Segment offers, made by what was learned so far."""
    box = st.popover(
        "Download", icon=":material/download:", width="stretch", key="take-home", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        try:
            asked = _asked(lesson)
            job = finished_folder(source, asked) if asked else ""
            model = asked if job else snapshot(lesson, source)
            offer_files(source, snapshot_task(lesson, model, job), z)
        except SandsegError as error:
            show_refusal(error)


def show_keeping(lesson: Lesson, source: Source) -> None:
    """Ask for a name and put the model among the others, or lead to it."""
    if not training_rules().is_on:
        return
    if name := own(KEPT).get((lesson.id, lesson.strokes().n)):
        if st.button("Segment with it", type="primary", icon=":material/layers:", width="stretch"):
            wanted = {state.MODEL: name, state.SAMPLE: source.id}
            st.switch_page(navigation.SEGMENT, query_params=wanted)
        return
    box = st.popover("Keep as a model", icon=":material/bookmark:", width="stretch", key="keep")
    with box:
        ask_token()
        key = f"name-{lesson.id}"
        usual = free_name(source.title.rpartition(".")[0] or source.title)
        name = st.text_input("Its name", usual, key=key, max_chars=64, help=KEEP_HELP)
        st.button("Keep it", type="primary", on_click=_keep, args=(lesson, source, name or ""))
        if refusal := pop_refusal(REFUSAL):
            show_refusal(refusal)


def _asked(lesson: Lesson) -> StoredModel | None:
    """Return the model that the whole stack was asked for with."""
    return own("taught").get(lesson.id)


def _segment(lesson: Lesson, source: Source) -> None:
    try:
        model = own("taught")[lesson.id] = snapshot(lesson, source)
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    start_job(source, model)


def _forget(lesson: Lesson) -> None:
    own("taught").pop(lesson.id, None)


def _keep(lesson: Lesson, source: Source, name: str) -> None:
    try:
        keep_model(snapshot(lesson, source).folder, name, who())
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    own(KEPT)[lesson.id, lesson.strokes().n] = name
    st.toast(f"{plain(name)} now stands in every list of models.", icon=":material/check:")
