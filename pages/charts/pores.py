"""The pores of a slice and of a whole stack: how many, how sure, and where they lead."""

from collections.abc import Mapping

import streamlit as st

from pages.charts.profile import show_profile
from pages.words.numbers import known, percent, plain
from sandseg.export.report import pore_warning
from sandseg.measure.composition import Composition

OPEN_HELP = """
Pores are pieces of pore space that touch by the faces of their voxels. **Open** ones reach the
outside surface of the sample or the first or last slice, **closed** ones lie wholly inside; both
are shares of the sample, and sum to its porosity.
"""
THROUGH_HELP = """
The share of the pore space that belongs to pores which **lead through**, from one face to the
opposite one, as if {box} voxels had been sawn out of the sample: the largest box inside it in
every slice. The air around a core joins nothing.
"""


def show_porosity(found: Composition) -> None:
    """Show the porosity of a slice, or why there is none."""
    if reason := pore_warning(found):
        st.markdown(plain(reason))
        return
    st.markdown(
        f"Porosity of the rock **{percent(found.porosity)}**",
        help="Pore space divided by the area of the sample, without the air around it. "
        f"The sample fills {percent(found.sample_fraction)} of this picture.",
    )


def show_stack_porosity(report: dict) -> None:
    """Show the porosity of a whole run: how sure it is, where it leads, how it goes along z."""
    if report["porosity"] is None or len(report["slices"]) < 2:
        return
    low, high = report["porosity_interval_95"]
    sure = "" if low is None else f", 95 % interval {100 * low:.1f}–{percent(high)}"
    st.markdown(
        f"Porosity of the stack **{percent(report['porosity'])}**{sure}",
        help="Of the sample in all slices together. The interval says how far the rock it was cut "
        "from may be from it, judged by how much blocks of the stack differ; errors of the "
        "segmentation are not in it.",
    )
    _show_connection(report)
    show_profile({row["slice"]: row["porosity"] for row in report["slices"]})


def _show_connection(report: Mapping) -> None:
    """Show which pores are open, and how many lead through."""
    if report["open_porosity"] is None:
        st.caption(plain(f"Which pores are connected is not known: {report['connected_note']}."))
        return
    st.markdown(
        f"Open **{percent(report['open_porosity'])}**, closed "
        f"**{percent(report['closed_porosity'])}**",
        help=OPEN_HELP,
    )
    box, through = report["connected_box"], report["connected_porosity"]
    if box is None:
        st.caption(plain(f"What leads through is not known: {report['connected_note']}."))
        return
    shares = ", ".join(f"{axis} **{percent(known(through[axis]))}**" for axis in through)
    lengths = " × ".join(str(last - first + 1) for first, last in box.values())
    st.markdown(f"Pores that lead through: {shares}", help=THROUGH_HELP.format(box=lengths))
