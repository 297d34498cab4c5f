"""Which lesson a visitor is in: it stands in the address, and so outlives their session."""

from dataclasses import replace

import streamlit as st

from pages.cache.rocks import stack_of
from pages.components.painting import tickets
from pages.components.painting.tickets import issue
from pages.lessons.earlier import known_to
from pages.lessons.lesson import Lesson, lesson_of
from pages.lessons.setting import Setting
from pages.session import address
from pages.session.state import Source, own
from pages.session.treatment import task_for
from pages.session.visit import visit
from sandseg.model.store import StoredModel
from sandseg.uploads.lessons import is_of, lesson_folder, new_lesson

LESSON, CORRECT = "lesson", "correct"  # they stand in the address
_TICKET = "paint_ticket"


def open_lesson(source: Source, model: StoredModel, is_correction: bool) -> Lesson:
    """Return the lesson of the address, or the visitor's own on this rock."""
    task = task_for(source, model)
    task = replace(task, treatment=replace(task.treatment, is_averaged=False))
    if model.is_taught:  # it goes on as it was taught
        is_correction = known_to(task).is_correction
    lessons, name = own("lessons"), (source.id, is_correction, model.is_taught and model.name)
    says = (address.read(LESSON) or ("",))[-1]
    if lesson_folder(says) and is_of(says, source.upload):
        lessons[name] = says
    if name not in lessons:
        lessons[name] = new_lesson(visit().folder, source.upload)
    address.write(LESSON, [lessons[name]])
    classes = tuple(replace(one, value=value) for value, one in enumerate(model.classes))
    setting = Setting(source.id, task, tuple(stack_of(task).shape), classes, is_correction)
    return lesson_of(lessons[name], setting)


def address_of(lesson: Lesson) -> str:
    """Return where this session may paint in a lesson; its ticket stands in it."""
    ticket = st.session_state.get(_TICKET)
    if ticket is None or ticket.lesson is not lesson:
        ticket = st.session_state[_TICKET] = issue(lesson)
    return f"{tickets.address()}{ticket.id}/"
