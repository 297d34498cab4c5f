"""A page with nothing but the viewer over a made-up rock; `?show=` chooses what stands in it."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[2]))

from pages.components.viewer import Allowed, Display, Pane, Shown, viewer
from sandseg.classes import SANDSTONE
from sandseg.export.overlay import INVENTED, MISSED, error_marks

SHAPE = (1024, 996)
N_SLICES = 12
KNOWN_PIXEL = (500, 300)  # x, y: a square of pyrite, whatever the slice
HATCHED = slice(600, 640)  # rows that are missed; those 60 below are invented
LONE_ERROR = (700, 860)  # x, y: no other within nine pixels
GREY_OF_EXACT = 77
SURE = 87  # percent, everywhere
SMOOTHNESS = 18  # pixels


@st.cache_data(max_entries=N_SLICES, show_spinner=False)
def rock(z: int) -> tuple[np.ndarray, np.ndarray]:
    """Return grey values and labels of slice z, both (Y, X) uint8."""
    rng = np.random.default_rng(z)
    field = ndimage.gaussian_filter(rng.standard_normal(SHAPE), SMOOTHNESS) * SMOOTHNESS * 3.5
    labels = np.full(SHAPE, 2, np.uint8)
    labels[field < -0.75] = 1
    labels[field < -1.05] = 0
    specks = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 6) * 6 * 3.5
    labels[(specks > 2.6) & (labels == 2)] = 3
    y, x = np.indices(SHAPE)
    labels[(y - SHAPE[0] / 2) ** 2 + (x - SHAPE[1] / 2) ** 2 > 480**2] = 0
    labels[280:320, 480:520] = 3
    grey = np.array([14, 83, 125, 243])[labels] + ndimage.gaussian_filter(
        rng.normal(0, 22, SHAPE), 0.8
    )
    return np.clip(grey, 0, 255).astype(np.uint8), labels


def png(image: np.ndarray, colors: np.ndarray | None = None) -> bytes:
    """Encode a picture; with colors as a palette PNG."""
    picture = Image.fromarray(image)
    if colors is not None:
        picture.putpalette(colors.tobytes())
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


@st.cache_data(max_entries=N_SLICES, show_spinner=False)
def pictures(z: int) -> dict[str, bytes]:
    """Return grey, true labels, slightly wrong labels, errors and a mask of slice z."""
    grey, labels = rock(z)
    predicted = np.roll(labels, 2, axis=1)  # borders two pixels off
    errors = error_marks(labels, predicted)
    errors[HATCHED] = (*MISSED, 255)
    errors[HATCHED.start + 60 : HATCHED.stop + 60] = (*INVENTED, 255)
    x, y = LONE_ERROR
    errors[y - 9 : y + 10, x - 9 : x + 10] = 0
    errors[y, x] = (*MISSED, 255)
    colors = np.array([material.rgb for material in SANDSTONE], np.uint8)
    return {
        "grey": png(grey),
        "true": png(labels, colors),
        "predicted": png(predicted),  # grey PNG: both ways of sending labels must work
        "errors": png(errors),
        "mask": png(((labels == 1) & (predicted == 2)).astype(np.uint8) * 255),
    }


def panes(show: str, z: int) -> list[Pane]:
    """Return one, two or four panes."""
    made = pictures(z)
    grey = made["grey"]
    prediction = Pane("Prediction", grey, made["predicted"], made["errors"])
    if show == "one":
        return [Pane("Labels", grey, made["true"])]
    if show == "sure":
        sure = png(np.full(SHAPE, SURE, np.uint8))
        return [Pane("Confidence", grey, made["true"], made["errors"], sure, note="a note")]
    if show == "two":
        return [Pane("Truth", grey, made["true"]), prediction]
    errors = Pane("Errors", grey, picture=made["errors"])
    return [Pane("Grey", grey), Pane("Truth", grey, made["true"]), prediction, errors]


def exact_grey() -> bytes:
    """Return grey values that differ from those of any JPEG."""
    return png(np.full(SHAPE, GREY_OF_EXACT, np.uint8))


def jpeg(pane: Pane) -> Pane:
    """Return a pane whose grey values are compressed."""
    out = io.BytesIO()
    Image.open(io.BytesIO(pane.grey)).save(out, "JPEG", quality=90)
    return replace(pane, grey=out.getvalue())


def set_z(z: int) -> None:
    """Remember the slice."""
    st.session_state["z"] = z


def take(_x: int, _y: int) -> None:
    """Leave the clicked pixel where it is: in the viewer's answer."""


@st.fragment
def page() -> None:
    """Show the viewer, what it answers, and a button that changes the slice from Python."""
    show = st.query_params.get("show", "one")
    z = st.session_state.get("z", 5)
    shown = panes(show, z)
    if "jpeg" in st.query_params:
        shown = [jpeg(pane) for pane in shown]
    answer = viewer(
        shown,
        Shown(
            z,
            N_SLICES,
            SANDSTONE,
            2.2315,
            exact_grey if "jpeg" in st.query_params else None,
            pictures(z)["mask"] if "highlight" in st.query_params else None,
        ),
        Display(
            st.query_params.get("mode", "overlay"),
            group="together",
            hatched=[MISSED, INVENTED] if "hatched" in st.query_params else (),
        ),
        Allowed(set_z, take if "pick" in st.query_params else None),
        key="rock",
    )
    if "twin" in st.query_params:
        viewer(
            panes("one", z),
            Shown(z, 1, SANDSTONE),
            Display(height=300, group="together"),
            key="twin",
        )
    st.button("Slice 9 from Python", on_click=set_z, args=(9,))
    st.text(f"answer z={answer.z} clicked={answer.clicked} hidden={answer.hidden}")


st.set_page_config(layout="wide")
page()
