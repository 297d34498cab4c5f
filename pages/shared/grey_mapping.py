"""How a stack's grey values reach the model, and whether it is like what the model learned from."""

import numpy as np
import pyarrow as pa
import streamlit as st

from pages.shared import cache, widgets, words
from pages.shared.cache import Task
from pages.shared.histogram import INK, PALE_INK
from sandseg import domain
from sandseg.domain import DOUBTFUL, FIT, STRANGE, Look, Verdict
from sandseg.normalize import sample_values, shares_of
from sandseg.rescale import voxel_text

STACK, TRAINING = "this stack", "training slices"
N_BINS = 128  # of 256 grey values: finer shows the combs of stretched pictures and no more
ENDS = 2  # bins: black and white hold what the scanner clipped, often most of a picture
HEADROOM = 1.1
HEIGHT = 240  # with axis and legend
ICONS = {FIT: ":material/check:", DOUBTFUL: ":material/warning:", STRANGE: ":material/error:"}


def verdict(task: Task) -> Verdict:
    """Judge a stack by some of its slices, as the command line does."""
    mapping = cache.grey_mapping(task.source, task.model_name, task.model_sha256)
    usual = domain.usual_for(cache.model(task.model_name))
    return domain.judge(mapping, _looks(task), usual, cache.open_source(task.source).voxel_size_um)


@st.cache_data(max_entries=256, show_spinner=False)
def _looks(task: Task) -> list[Look]:
    stack, classes = cache.open_source(task.source), cache.model(task.model_name).classes
    mapping = cache.grey_mapping(task.source, task.model_name, task.model_sha256)
    looks = []
    for z in domain.slices_to_look_at(stack.n_slices):
        found, grey = cache.prediction(task, z), mapping.apply(stack.read_slice(z))
        looks.append(domain.look_at(grey, found.labels, found.confidence, classes))
    return looks


@st.cache_data(max_entries=64, show_spinner=False)
def _shares(source: str, low: float, high: float) -> np.ndarray:
    """Return the (256,) shares of a stack's grey values once they are mapped."""
    return shares_of(sample_values(cache.open_source(source)), (low, high))


def show_grey_values(task: Task) -> None:
    """Say in one line how grey values reach the model and whether that fits; more when opened."""
    found = verdict(task)
    if found.level != FIT:
        st.warning(found.sentence, icon=ICONS[found.level])
    mapping = cache.grey_mapping(task.source, task.model_name, task.model_sha256)
    text = words.mapping_text(mapping, cache.open_source(task.source).dtype)
    title = f"{widgets.plain(text.rstrip('.'))} · {found.level}"
    box = st.expander(title, icon=ICONS[found.level], key="grey-values", on_change="rerun")
    if not box.open:
        return
    with box:
        if found.level == FIT:
            st.caption(found.sentence)
        training = cache.model(task.model_name).histogram
        _show_histograms(_shares(task.source, mapping.low, mapping.high), training)
        if found.voxel_ratio:
            st.caption(voxel_text(found.voxel_ratio))


def _show_histograms(stack: np.ndarray, training: np.ndarray) -> None:
    """Draw the grey values of a stack over those the model learned from."""
    curves = {TRAINING: _coarse(training), STACK: _coarse(stack)}
    top = HEADROOM * max(values[ENDS:-ENDS].max() for values in curves.values())
    table = pa.table(
        {
            "grey": np.tile(np.arange(0, 256, 256 // N_BINS), len(curves)),
            "share": np.concatenate(list(curves.values())),
            "of": np.repeat(list(curves), N_BINS),
        }
    )
    alt = "How often each grey value occurs in this stack and in the model's training slices."
    st.vega_lite_chart(table, _spec(top), key="grey-values-chart", alt=alt)


def _coarse(shares: np.ndarray) -> np.ndarray:
    """Return (128,) shares that sum to 1."""
    coarse = np.asarray(shares).reshape(N_BINS, -1).sum(axis=1)
    return coarse / max(coarse.sum(), 1e-9)


def _spec(top: float) -> dict:
    """Describe the chart: an area for the training, a line for the stack."""
    grey = {"field": "grey", "type": "quantitative", "title": "grey value on the model's scale"}
    grey |= {"scale": {"domain": [0, 255], "nice": False}, "axis": {"tickCount": 5, "grid": False}}
    share = {"field": "share", "type": "quantitative", "axis": None, "scale": {"domain": [0, top]}}
    scale = {"domain": [STACK, TRAINING], "range": [INK, PALE_INK]}
    legend = {"orient": "top", "symbolType": "square", "columns": 2}
    color = {"field": "of", "type": "nominal", "title": None, "scale": scale, "legend": legend}
    layers = (
        (TRAINING, {"type": "area", "fillOpacity": 1, "clip": True}),
        (STACK, {"type": "line", "strokeWidth": 2, "clip": True}),
    )
    return {
        "height": HEIGHT,
        "encoding": {"x": grey, "y": {**share, "stack": None}, "color": color},
        "layer": [
            {"transform": [{"filter": {"field": "of", "equal": name}}], "mark": mark}
            for name, mark in layers
        ],
    }
