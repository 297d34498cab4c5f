"""Grey-value histogram by class, over what the model saw in training."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import streamlit as st

from pages.charts.phases import show_legend
from pages.words.numbers import percent
from sandseg.classes import SegmentationClass

INK = "#8A8178"  # seen on light and on dark paper; class colors mean classes
PALE_INK = f"{INK}70"
TOTAL, TRAINING = "all pixels", "training slices"
N_BINS = 128  # of 256 grey values: finer shows the combs of stretched pictures and no more
LEAST = 1e-5  # share of pixels at the foot of the logarithmic axis
HEIGHT = 220  # with axes
PADDING = {"left": 0, "top": 5, "right": 5, "bottom": 6}  # more stands around it anyway
ENDS = 2  # bins: black and white hold what the scanner clipped, often most of a picture
HEADROOM = 1.15  # of the axis above the highest share between the ends


def show_histogram(
    counts: np.ndarray,
    training: np.ndarray,
    classes: Sequence[SegmentationClass],
    is_log: bool,
    text: str,
) -> None:
    """Draw how often each grey value occurs.

    Args:
        counts: (C + 1, 256) by class, the last row without a label; see `planes.count_greys`.
        training: (256,) histogram of the model's training slices.
        classes: The C classes.
        is_log: Whether the axis of shares is logarithmic.
        text: What the chart shows, for those who cannot see it.
    """
    shares = _shares(counts, training, classes)
    top = None if is_log else _top(shares)
    colors = {material.name: material.color for material in classes}
    colors |= {TRAINING: PALE_INK, TOTAL: INK}
    show_legend({name: colors[name] for name in shares})
    spec = _spec({name: colors[name] for name in shares}, classes, top)
    st.vega_lite_chart(_table(shares), spec, key="grey-histogram", alt=text)
    highest = shares[TOTAL].max()
    if top and highest > top:
        end = "black" if shares[TOTAL].argmax() < ENDS else "white"
        st.caption(f"The peak at {end} goes on to {percent(highest)}.")


def _top(shares: dict[str, np.ndarray]) -> float:
    """Return where the axis ends, so that the clipped ends do not flatten all others."""
    inner = max(values[ENDS:-ENDS].max() for values in shares.values())
    highest = max(values.max() for values in shares.values())
    return float(min(HEADROOM * inner or highest, highest) or 1.0)


def _shares(
    counts: np.ndarray, training: np.ndarray, classes: Sequence[SegmentationClass]
) -> dict[str, np.ndarray]:
    """Return (128,) shares of all pixels, by the name of what is drawn, the hindmost first."""
    shares = counts.reshape(len(counts), N_BINS, -1).sum(axis=2) / max(counts.sum(), 1)
    known = training.reshape(N_BINS, -1).sum(axis=1)
    found = {TRAINING: known / max(known.sum(), 1e-9)}
    if counts[:-1].any():
        found |= {material.name: shares[i] for i, material in enumerate(classes)}
    return {**found, TOTAL: shares.sum(axis=0)}


def _table(shares: dict[str, np.ndarray]) -> pa.Table:
    """The curves below each other, in the form charts travel in: no detour by way of pandas."""
    greys = np.arange(0, 256, 256 // N_BINS)
    values = np.concatenate(list(shares.values()))
    columns = {
        "grey": np.tile(greys, len(shares)),
        "share": values,
        "of": np.repeat(list(shares), N_BINS),
    }
    return pa.table(columns)


def _spec(colors: dict[str, str], classes: Sequence[SegmentationClass], top: float | None) -> dict:
    """Describe the chart; without the top of its axis it is logarithmic."""
    is_log = top is None
    scale = {"type": "log", "domainMin": LEAST, "clamp": True} if is_log else {"domain": [0, top]}
    color = {
        "field": "of",
        "type": "nominal",
        "sort": None,
        "title": None,
        "scale": {"domain": list(colors), "range": list(colors.values())},
        "legend": None,  # of the page's own: it wraps on a phone
    }
    share = {"field": "share", "type": "quantitative", "title": "share of pixels", "scale": scale}
    ticks = {"values": [1e-4, 1e-3, 1e-2, 1e-1]} if is_log else {"tickCount": 4}
    share["axis"] = {"format": "~%", **ticks}
    grey = {"field": "grey", "type": "quantitative", "title": "grey value on the model's scale"}
    grey["scale"] = {"domain": [0, 255], "nice": False}
    grey["axis"] = {"values": [0, 50, 100, 150, 200, 255], "grid": False}
    return {
        "height": HEIGHT,
        "padding": PADDING,
        "encoding": {"x": grey, "color": color},
        "layer": [
            _layer([TRAINING], share, is_log, fill=1, line=0),
            _layer([material.name for material in classes], share, is_log, fill=0.75, line=1.5),
            _layer([TOTAL], share, is_log, fill=0, line=1.5),
        ],
    }


def _layer(names: list[str], share: dict, is_log: bool, fill: float, line: float) -> dict:
    """Some of the curves; on a logarithmic axis the areas stand on its foot."""
    mark = {"type": "area", "fillOpacity": fill, "clip": True}
    if line:
        mark["line"] = {"strokeWidth": line}
    foot = {"y2": {"datum": LEAST}} if is_log else {}
    kept = {"filter": {"field": "of", "oneOf": names}}
    return {
        "transform": [kept],
        "mark": mark,
        "encoding": {"y": {**share, "stack": None}, **foot},
    }
