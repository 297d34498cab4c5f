"""How the porosity goes along a stack."""

from collections.abc import Sequence

import streamlit as st

HEIGHT = 120


def show_profile(porosities: Sequence[float | None]) -> None:
    """Draw the porosity of each slice's sample, [0, 1] or None, over its number."""
    st.vega_lite_chart(
        {
            "data": {
                "values": [
                    {"slice": number, "porosity": value}
                    for number, value in enumerate(porosities, start=1)
                    if value is not None
                ]
            },
            "height": HEIGHT,
            "mark": {"type": "line", "tooltip": True, "point": len(porosities) < 30},
            "encoding": {
                "x": {
                    "field": "slice",
                    "type": "quantitative",
                    "title": "slice",
                    "scale": {"zero": False, "nice": False},
                    "axis": {"tickMinStep": 1, "format": "d"},
                },
                "y": {
                    "field": "porosity",
                    "type": "quantitative",
                    "title": "porosity",
                    "scale": {"zero": False},
                    "axis": {"format": ".0%", "tickCount": 4},
                },
                "tooltip": [{"field": "slice"}, {"field": "porosity", "format": ".1%"}],
            },
        },
        width="stretch",
    )
