"""A page with nothing but a viewer to paint on; `?lesson=` names what is painted in."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from painting_lesson import IMPORTED, SHAPE, Lesson, encoded, lessons, rock

from pages.components.painting import tickets
from pages.components.viewer import Allowed, Display, Paint, Pane, Shown, viewer
from sandseg.classes import SANDSTONE


def set_z(z: int) -> None:
    """Remember the slice."""
    st.session_state["z"] = z


def page() -> None:
    """Show the viewer."""
    name = st.query_params.get("lesson", "one")
    lesson = lessons.setdefault(name, Lesson())
    if "import" in st.query_params:
        lesson.add([IMPORTED], 0)
    if "ticket" not in st.session_state:
        st.session_state["ticket"] = tickets.issue(lesson)
    address = f"{tickets.address()}{st.session_state['ticket'].id}/"
    z = st.session_state.get("z", 2)
    classes = [replace(one, value=i) for i, one in enumerate(SANDSTONE)]
    left, right = st.columns([3, 1])
    right.header("Teach")
    if not right.checkbox("Show the slice", value=True):
        return
    with left:
        viewer(
            [Pane("Slice", encoded(rock(z), "JPEG"))],
            Shown(z, SHAPE[0], classes, 2.2315),
            Display(clear_class=None),
            Allowed(set_z, paint=Paint(address, name, SHAPE)),
            key=f"paint-{name}",
        )
        if "side" in st.query_params:
            viewer(
                [Pane("XZ", encoded(np.stack([rock(z)[560] for z in range(SHAPE[0])]), "PNG"))],
                Shown(560, SHAPE[1], classes, axis="y"),
                Display(height=200, stepper=False),
                Allowed(paint=Paint(address, name, SHAPE)),
                key=f"side-{name}",
            )


st.set_page_config(layout="wide")
page()
