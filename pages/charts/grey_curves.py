"""The grey values of a stack as curves, over those the model learned from."""

import numpy as np
import pyarrow as pa
import streamlit as st

from pages.charts.histogram import INK, PADDING, PALE_INK
from pages.charts.phases import show_legend

STACK, TRAINING = "this stack", "training slices"
N_BINS = 128  # of 256 grey values: finer shows the combs of stretched pictures and no more
ENDS = 2  # bins: black and white hold what the scanner clipped, often most of a picture
HEADROOM = 1.1
HEIGHT = 170  # with axis


def show_grey_curves(stack: np.ndarray, training: np.ndarray) -> None:
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
    show_legend({STACK: INK, TRAINING: PALE_INK})
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
    color = {"field": "of", "type": "nominal", "scale": scale, "legend": None}
    layers = (
        (TRAINING, {"type": "area", "fillOpacity": 1, "clip": True}),
        (STACK, {"type": "line", "strokeWidth": 2, "clip": True}),
    )
    return {
        "height": HEIGHT,
        "padding": PADDING,
        "encoding": {"x": grey, "y": {**share, "stack": None}, "color": color},
        "layer": [
            {"transform": [{"filter": {"field": "of", "equal": name}}], "mark": mark}
            for name, mark in layers
        ],
    }
