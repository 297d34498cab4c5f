"""Whether the model is right as often as it says: the reliability diagram."""

import numpy as np
import pyarrow as pa
import streamlit as st

from sandseg.score.calibration import Reliability

INK = "#8A8178"  # seen on light and on dark paper; class colors would mean classes
HEIGHT = 240  # with axes
PADDING = {"left": 0, "top": 5, "right": 5, "bottom": 6}  # more stands around it anyway
HELP = (
    "Pixels are put together by how sure the model is of them; each dot says how many of such "
    "pixels are right. On the dashed line it is right as often as it says, above it too modest, "
    "below it too sure. The expected calibration error is the mean distance from the line, "
    "weighted by pixels."
)


def show_reliability(found: Reliability) -> None:
    """Show accuracy against confidence, and the expected calibration error."""
    st.markdown("**Is it right as often as it says?**", help=HELP)
    error = found.expected_calibration_error
    if np.isnan(error):
        return
    lowest = found.confidence[found.count > 0].min()
    text = "Reliability diagram: share of right pixels over the model's confidence"
    st.vega_lite_chart(_table(found), _spec(float(lowest)), key="reliability", alt=text)
    st.caption(
        f"On average it is {max(100 * error, 0.05):.2g} percentage points off (expected "
        f"calibration error {error:.2g})."
    )


def _table(found: Reliability) -> pa.Table:
    """The bins that hold pixels, as charts travel: no detour by way of pandas."""
    known = found.count > 0
    columns = {
        "confidence": found.confidence[known],
        "right": found.accuracy[known],
        "pixels": found.count[known],
    }
    return pa.table(columns)


def _spec(lowest: float) -> dict:
    """Describe the chart; its axis of confidence starts at a round number below the lowest."""
    start = float(np.floor(5 * lowest) / 5)
    across = {"field": "confidence", "type": "quantitative", "title": "confidence"}
    across |= {"scale": {"domain": [start, 1], "nice": False}, "axis": {"format": "~%"}}
    up = {"field": "right", "type": "quantitative", "title": "pixels that are right"}
    up |= {"scale": {"domain": [0, 1]}, "axis": {"format": "~%", "tickCount": 5}}
    size = {
        "field": "pixels",
        "type": "quantitative",
        "legend": None,
        "scale": {"range": [20, 300]},
    }
    hover = [
        {"field": "confidence", "format": ".1%", "title": "sure by"},
        {"field": "right", "format": ".1%", "title": "right in"},
        {"field": "pixels", "format": ",", "title": "pixels"},
    ]
    ends = {"x": {"datum": start, "type": "quantitative", "scale": across["scale"]}}
    ends |= {"x2": {"datum": 1}, "y": {"datum": start}, "y2": {"datum": 1}}
    dashed = {"type": "rule", "color": INK, "strokeDash": [5, 4], "aria": False}
    even = {"mark": dashed, "encoding": ends}
    line = {"mark": {"type": "line", "color": INK}, "encoding": {"x": across, "y": up}}
    dots = {
        "mark": {"type": "circle", "color": INK, "opacity": 1},
        "encoding": {"x": across, "y": up, "size": size, "tooltip": hover},
    }
    return {"height": HEIGHT, "padding": PADDING, "layer": [even, line, dots]}
