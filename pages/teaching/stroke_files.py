"""Strokes taken home as a label TIFF, and brought back."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from pages.cache.rocks import stack_of
from pages.components.uploader.uploader import ask_upload
from pages.panels.refusals import show_refusal
from pages.session.state import Source, pop_refusal
from pages.teaching.lesson import Lesson
from sandseg.errors import SandsegError
from sandseg.export.names import safe_name
from sandseg.scan.formats import LABEL_KINDS, LABEL_SUFFIXES
from sandseg.teach.painting.stroke_files import read_strokes
from sandseg.uploads import workspace
from sandseg.uploads.decode_guard import take_labels
from sandseg.uploads.receive import LABELS_BYTES, Arrived, Wanted

REFUSAL = "strokes_refusal"


def show_stroke_files(lesson: Lesson, source: Source, is_painted: bool) -> None:
    """Offer the strokes as a file, and ask for one."""
    if refusal := pop_refusal(REFUSAL):
        show_refusal(refusal)
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
            Wanted(LABEL_SUFFIXES, True, LABELS_BYTES, LABEL_KINDS),
            partial(_take, lesson=lesson),
            refusal_key=REFUSAL,
            help="0 where nothing is painted, 1, 2 … for the classes in their order. They are "
            "painted over what is there, and can be undone.",
        )


def _take(files: Sequence[Arrived], lesson: Lesson) -> None:
    """Paint what was uploaded, if it fits.

    Raises:
        SandsegError: It does not; nothing is painted.
    """
    folder = files[0].path.parent
    try:
        sent = {file.name: file.path for file in files}
        n_values, stack = len(lesson.summary(0).classes) + 1, stack_of(lesson.setting.task)
        taken = take_labels(sent, folder / "strokes.tif", n_values, stack)
        if taken.is_colored or taken.colors:
            raise SandsegError(
                "These strokes are colors, and a class is a number.",
                hint="Save them as a TIFF of whole numbers: 0 is not painted, 1, 2 … are classes.",
            )
        lesson.bring(read_strokes(taken.path, lesson.setting.shape))
    finally:
        workspace.remove_folder(folder)
