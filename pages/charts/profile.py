"""How the porosity goes along a stack."""

from collections.abc import Mapping

import streamlit as st

HEIGHT = 120


def show_profile(porosities: Mapping[int | str, float | None]) -> None:
    """Draw the porosity of each slice's sample, [0, 1] or None, over the slice's number."""
    values = [
        {"slice": int(number), "shown": str(number), "porosity": value}
        for number, value in porosities.items()
        if value is not None
    ]
    st.vega_lite_chart(
        {
            "data": {"values": values},
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
                "tooltip": [
                    {"field": "shown", "title": "slice"},
                    {"field": "porosity", "format": ".1%"},
                ],
            },
        },
        width="stretch",
    )
