"""Pieces that more than one page is made of."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import streamlit as st

from pages.cache.errors import slice_evaluation
from pages.cache.models import classes_of
from pages.cache.slices import prediction_of, report_of, slice_phases
from pages.cache.task import Task
from pages.charts.pores import show_porosity, show_stack_porosity
from pages.words.numbers import as_html, in_lines, known, percent, percents, sure
from sandseg.classes import SegmentationClass
from sandseg.measure.composition import Composition


def show_phases(
    columns: Mapping[str, Sequence[str]],
    bar: Sequence[float],
    classes: Sequence[SegmentationClass],
    last: Sequence[str] = (),
) -> None:
    """Show what a rock is made of: a bar in the classes' colors and a line for each class.

    Args:
        columns: For each heading a text for each of the C classes.
        bar: Fractions (C,) in [0, 1] the bar is divided by.
        classes: The C classes.
        last: Texts of a last line, its name first.
    """
    parts = "".join(
        f'<span style="width:{np.nan_to_num(bar[i]):.3%};background:{material.color}"></span>'
        for i, material in enumerate(classes)
        if bar[i] > 0
    )
    head = "".join(f"<th>{as_html(name)}</th>" for name in columns)
    rows = "".join(
        _phase_row(material, [texts[i] for texts in columns.values()])
        for i, material in enumerate(classes)
    )
    foot = "".join(f"<td>{in_lines(text)}</td>" for text in last)
    st.html(
        f'{_TABLE_STYLE}<div class="phases"><div>{parts}</div>'
        f"<table><tr><td></td>{head}</tr>{rows}<tr>{foot}</tr></table></div>"
    )


def _phase_row(material: SegmentationClass, texts: Iterable[str]) -> str:
    is_said = not material.is_pore or material.name.startswith("pore")
    name = material.name if is_said else f"{material.name} (pores)"
    cells = "".join(f"<td>{in_lines(text)}</td>" for text in texts)
    swatch = f'<i style="background:{material.color}"></i>'
    return f"<tr><td>{swatch}{as_html(name)}</td>{cells}</tr>"


def show_legend(colors: Mapping[str, str]) -> None:
    """Say what colors mean, in one line where there is room."""
    parts = "".join(
        f'<span><i style="background:{color}"></i>{as_html(name)}</span>'
        for name, color in colors.items()
    )
    st.html(f'{_LEGEND_STYLE}<div class="keys">{parts}</div>')


def show_numbers(task: Task, z: int, truth: str) -> None:
    """Show phase fractions, porosity and, with labels, how well they are met."""
    classes = classes_of(task.model_name)
    phases = slice_phases(task, z)
    columns, last = {"slice": percents(phases.phase_fractions)}, []
    report = report_of(task.job) if task.job else None
    if report:
        columns["stack"] = percents(map(known, report["phase_fractions"].values()))
    if truth:
        found = slice_evaluation(task, z, truth)
        ends = found.intervals
        columns["IoU, 95 % interval"] = list(map(sure, found.scores.iou, ends.low, ends.high))
        mean = sure(found.scores.mean_iou, ends.mean_low, ends.mean_high)
        last = ["mean IoU", *[""] * (len(columns) - 1), mean]
    show_phases(columns, phases.phase_fractions, classes, last)
    unseen = prediction_of(task, z).unseen
    left_out = (
        ""
        if unseen is None
        else (f" {percent(unseen.mean())} of this slice is painted over or missing, and left out.")
    )
    st.caption(f"Shares of the sample, without the air around it.{left_out}")
    show_porosity(phases)
    if report:
        show_stack_porosity(report)


def clear_class(phases: Composition) -> int:
    """Return the commonest class of the rock: tinted, it would drown the picture."""
    return int(np.nan_to_num(phases.phase_fractions).argmax())


_LEGEND_STYLE = """<style>
.keys { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 0.875rem; }
.keys span { display: inline-flex; align-items: center; gap: 7px; }
.keys i { width: 13px; height: 13px; border-radius: 3px; flex: none;
  box-shadow: 0 0 0 1px rgb(128 128 128 / 40%); }
</style>"""
_TABLE_STYLE = """<style>
.phases { font-variant-numeric: tabular-nums; }
.phases > div { display: flex; height: 10px; border-radius: 3px; overflow: hidden; gap: 1px; }
.phases > div span { min-width: 1px; }
.phases table { width: 100%; margin: 4px 0 0; border-collapse: collapse; }
.phases td, .phases th { padding: 2px 0; border: 0; text-align: right; font-weight: 400; }
.phases th { font-size: 0.8rem; opacity: 0.8; }
.phases td:first-child, .phases th:first-child { text-align: left; }
.phases small { display: block; font-size: 0.75rem; opacity: 0.8; }
.phases i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 8px; box-shadow: 0 0 0 1px rgb(128 128 128 / 40%); }
</style>"""
