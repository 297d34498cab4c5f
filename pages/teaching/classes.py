"""The classes of a lesson: two to eight, with names, colors, and which of them are pore."""

import zlib
from collections.abc import Sequence

import streamlit as st

from pages.lessons.lesson import Lesson
from pages.lessons.setting import classes_event
from pages.panels.refusals import show_refusal
from pages.session.state import pop_refusal
from pages.words.numbers import plain
from sandseg.classes import SegmentationClass, numbered_classes
from sandseg.errors import SandsegError
from sandseg.teach.painting.events import class_entries

FEWEST, MOST = 2, 8
WORKBENCH = "teach-workbench"  # the fragment that a change of the classes draws anew
REFUSAL = "classes_refusal"
PAIR = (
    SegmentationClass(0, "pore", "#1B2A5C", is_pore=True),
    SegmentationClass(1, "solid", "#8FBCD4"),
)


def edit_classes(
    lesson: Lesson, classes: Sequence[SegmentationClass], preset: Sequence[SegmentationClass]
) -> None:
    """Let the visitor name, color, add and remove classes.

    Args:
        lesson: Takes the changes, as it takes strokes.
        classes: Those it has.
        preset: Those of the model at hand.
    """
    if refusal := pop_refusal(REFUSAL):
        show_refusal(refusal)
    box = st.popover("Classes", icon=":material/palette:", key="classes", on_change="rerun")
    if not box.open:
        return
    with box:
        for index, material in enumerate(classes):
            _row(lesson, list(classes), index, material)
        row = st.container(horizontal=True, gap="small")
        if len(classes) < MOST:
            row.button(
                "Add a class",
                icon=":material/add:",
                on_click=_say,
                args=(lesson, [*classes, _another(classes)]),
            )
        for label, others in (("Pore and solid", PAIR), ("As the model", preset)):
            if class_entries(others) != class_entries(classes):
                row.button(label, type="tertiary", on_click=_say, args=(lesson, others))


def _row(
    lesson: Lesson, classes: list[SegmentationClass], index: int, material: SegmentationClass
) -> None:
    """One class: color, name, pore, remove; what is typed counts when it is left.

    Another class has fields of its own: a browser that still holds what stood in the old ones would
    else say it again, and undo the change.
    """
    says = zlib.crc32(repr((material.name, material.color, material.is_pore)).encode())
    key = f"{lesson.id}-{index}-{says}"
    color, name, pore, gone = (f"{kind}-{key}" for kind in ("color", "name", "pore", "gone"))

    def take() -> None:
        changed = SegmentationClass(
            index,
            (st.session_state[name] or material.name).strip()[:40] or material.name,
            st.session_state[color],
            is_pore=st.session_state[pore],
        )
        _say(lesson, [changed if i == index else one for i, one in enumerate(classes)])

    row = st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False)
    how = {"label_visibility": "collapsed", "on_change": take}
    row.color_picker(f"Color of {plain(material.name)}", material.color, key=color, **how)
    row.text_input(f"Name of class {index + 1}", material.name, key=name, max_chars=40, **how)
    counts = "Counts to the porosity"
    row.checkbox("pore", material.is_pore, key=pore, on_change=take, help=counts)
    if len(classes) > FEWEST:
        row.button(
            "",
            icon=":material/close:",
            key=gone,
            type="tertiary",
            help=f"Remove {plain(material.name)}",
            on_click=_say,
            args=(lesson, [one for i, one in enumerate(classes) if i != index]),
        )


def _say(lesson: Lesson, classes: Sequence[SegmentationClass]) -> None:
    """Change the classes, by an event as the strokes are: it can be undone as they can."""
    try:
        refused = lesson.add([classes_event(classes)], 0)["refused"]
    except SandsegError as error:
        st.session_state[REFUSAL] = error
        return
    for one in refused:
        st.session_state[REFUSAL] = SandsegError(one["message"])
    st.rerun(WORKBENCH)  # the legend is beside the picture


def _another(classes: Sequence[SegmentationClass]) -> SegmentationClass:
    """Return a class with a name and a color that no other has."""
    names, colors = ({getattr(c, what).lower() for c in classes} for what in ("name", "color"))
    free = [c for c in numbered_classes(MOST)[1:] if c.color.lower() not in colors]
    n = next(n for n in range(len(classes) + 1, 2 * MOST) if f"class {n}" not in names)
    return SegmentationClass(len(classes), f"class {n}", free[0].color if free else "#888888")
