"""Strokes taken home as a label TIFF, and brought back."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from pages.cache.models import find_model
from pages.cache.rocks import stack_of
from pages.components.uploader.uploader import ask_upload
from pages.lessons.lesson import Lesson
from pages.lessons.setting import classes_event
from pages.panels.refusals import show_refusal
from pages.session.state import Source, pop_refusal
from pages.words.numbers import plain
from sandseg.classes import SegmentationClass
from sandseg.export.names import safe_name
from sandseg.scan.formats import LABEL_KINDS, LABEL_SUFFIXES
from sandseg.teach.painting.events import MAX_CLASSES, class_entries
from sandseg.teach.painting.stroke_files import checked_classes, no_colors, read_strokes
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import take_labels
from sandseg.uploads.receive import LABELS_BYTES, Arrived, Wanted

REFUSAL, NOTE = "strokes_refusal", "strokes_note"


def show_stroke_files(lesson: Lesson, source: Source, is_painted: bool) -> None:
    """Offer the strokes as a file, and ask for one."""
    if refusal := pop_refusal(REFUSAL):
        show_refusal(refusal)
    if note := st.session_state.pop(NOTE, ""):
        st.warning(note, icon=":material/label:")
    box = st.popover("Strokes as a file", icon=":material/gesture:", width="stretch", key="strokes")
    with box:
        if is_painted:
            st.download_button(
                "Strokes (label TIFF)",
                lesson.strokes_tiff,
                f"{safe_name(Path(source.title).stem)}_strokes.tif",
                on_click="ignore",
                width="stretch",
            )
        ask_upload(
            "Strokes of the same slices",
            "strokes",
            Wanted((*LABEL_SUFFIXES, "npy"), True, LABELS_BYTES, f"{LABEL_KINDS}, NumPy"),
            partial(_take, lesson=lesson),
            refusal_key=REFUSAL,
            help="0 where nothing is painted, 1, 2 … for the classes in their order. They are "
            "painted over what is there, and can be undone.",
        )


def _take(files: Sequence[Arrived], lesson: Lesson) -> None:
    st.session_state[NOTE] = take(files, lesson)


def take(files: Sequence[Arrived], lesson: Lesson) -> str:
    """Paint what was uploaded, if it fits; its classes come along while nothing else is said.

    Returns:
        What is doubtful, "" where nothing is.

    Raises:
        SandsegError: It does not fit; nothing is painted.
    """
    folder = files[0].path.parent
    try:
        sent = {file.name: file.path for file in files}
        stack = stack_of(lesson.setting.task)
        taken = take_labels(sent, folder / "strokes.tif", MAX_CLASSES, stack)
        named = checked_classes(files[0].name, taken.legend)
        if taken.is_colored or taken.colors:
            raise no_colors(files[0].name)
        slices = read_strokes(taken.path, lesson.setting.shape)
        if named and _is_open(lesson):
            lesson.add([classes_event(named)], 0)
        lesson.bring(slices)
        return _doubt(lesson, named)
    finally:
        workspace.remove_folder(folder)


def _is_open(lesson: Lesson) -> bool:
    """Whether nobody has said yet which classes there are, by words or by painting."""
    classes, preset = lesson.strokes().classes, lesson.setting.classes
    is_bound = lesson.setting.is_correction or find_model(lesson.setting.task.model_name).is_taught
    is_preset = class_entries(classes) == class_entries(preset)
    return is_preset and not is_bound and not lesson.strokes().values


def _doubt(lesson: Lesson, named: Sequence[SegmentationClass]) -> str:
    """Say where the file's classes are called otherwise than those they are now; "" elsewhere."""
    here, there = ([plain(one.name) for one in some] for some in (lesson.strokes().classes, named))
    if not there or here[: len(there)] == there:
        return ""
    return (
        f"The file calls its classes {', '.join(there)}; here they are taken, in their order, for "
        f"{', '.join(here[: len(there)])}. Undo if that is wrong."
    )
