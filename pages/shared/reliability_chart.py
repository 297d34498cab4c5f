"""Whether the model is right as often as it says: the reliability diagram."""

import numpy as np
import streamlit as st

from pages.shared.widgets import percent
from sandseg.calibration import Reliability

INK = "#8A8178"  # seen on light and on dark paper; class colors would mean classes
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
    st.plotly_chart(_figure(found), config={"displayModeBar": False}, key="reliability")
    st.caption(f"Expected calibration error {percent(error)}.")


def _figure(found: Reliability):  # noqa: ANN202 - plotly is loaded when a chart is drawn
    from plotly import graph_objects

    known = found.count > 0
    sizes = 5 + 13 * np.sqrt(found.count[known] / found.count.max())
    even = graph_objects.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": INK, "dash": "dash", "width": 1}
    )
    dots = graph_objects.Scatter(
        x=found.confidence[known],
        y=found.accuracy[known],
        mode="lines+markers",
        line={"color": INK, "width": 2},
        marker={"size": sizes, "color": INK, "opacity": 1},
        customdata=found.count[known],
        hovertemplate="sure by %{x:.1%}, right in %{y:.1%}<br>"
        "%{customdata:,} pixels<extra></extra>",
    )
    axis = {"tickformat": ".0%", "fixedrange": True, "showgrid": True}
    low = float(np.floor(5 * found.confidence[known].min()) / 5)
    return graph_objects.Figure(
        [even, dots],
        {
            "height": 260,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "showlegend": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": {**axis, "title": "confidence", "range": [low, 1.02]},
            "yaxis": {**axis, "title": "pixels that are right", "range": [0, 1.05]},
        },
    )
