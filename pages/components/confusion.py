"""The confusion matrix as a table of buttons: a press lights its pixels up in the pictures."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.components.modules import join_modules
from pages.session import address
from pages.words.numbers import bare
from sandseg.classes import SegmentationClass
from sandseg.export.overlay import confidence_colors
from sandseg.export.tables import as_cell
from sandseg.score.metrics import normalize_columns, normalize_rows

COUNTS, ROWS, COLUMNS = VIEWS = "pixels", "true", "predicted"
TITLES = {COUNTS: "Pixels", ROWS: "Of the true class", COLUMNS: "Of the prediction"}
TEXTS = {
    COUNTS: "Pixels of each true class (row) by what they were taken for (column).",
    ROWS: "What becomes of each true class: the rows sum to 100 %, the diagonal is the recall.",
    COLUMNS: "What each predicted class really is: the columns sum to 100 %, the diagonal is the "
    "precision.",
}
CELL = "cell"  # stands in the address: "clay~quartz" is clay taken for quartz
_HERE = Path(__file__).parent
_BRIGHT = 117  # of 255: black letters above, white below have 4.6:1 or more on cividis

_mount = st.components.v2.component(
    "sandseg_confusion",
    html='<div class="confusion"></div>\n',
    css=(_HERE / "confusion.css").read_text("utf-8"),
    js=join_modules(_HERE / "confusion.js"),
)


def show_matrix(
    matrix: np.ndarray, view: str, classes: Sequence[SegmentationClass], key: str
) -> tuple[int, int] | None:
    """Show a (C, C) confusion matrix; return the cell the visitor pressed, (row, column).

    Args:
        matrix: Pixels by true (row) and predicted (column) label.
        view: One of `VIEWS`.
        classes: The C classes.
        key: Name of this matrix.
    """
    names = [material.name for material in classes]
    selected = _selected(names)
    _mount(
        key=key,
        data={
            "classes": [
                {"name": bare(material.name), "color": material.color} for material in classes
            ],
            "cells": _cells(matrix, view, classes),
            "selected": selected,
        },
        on_pressed_change=lambda: _press(key, names),
    )
    address.write(CELL, [_text_of(selected, names)] if selected else [])
    return selected


def view_values(matrix: np.ndarray, view: str) -> np.ndarray:
    """Return a (C, C) matrix as a view shows it: pixels, or shares in [0, 1], NaN if undefined."""
    return {ROWS: normalize_rows, COLUMNS: normalize_columns}.get(view, np.asarray)(matrix)


def matrix_csv(
    matrix: np.ndarray,
    view: str,
    classes: Sequence[SegmentationClass],
    facts: Mapping[str, object] | None = None,
) -> str:
    """Return a view of a confusion matrix as CSV: true classes in rows, predicted in columns.

    Facts, such as where it comes from, stand in each row.
    """
    facts = facts or {}
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(["true \\ predicted", *(as_cell(m.name) for m in classes), *facts])
    for material, row in zip(classes, view_values(matrix, view).tolist(), strict=True):
        texts = ["" if np.isnan(value) else value for value in row]
        writer.writerow([as_cell(material.name), *texts, *map(as_cell, facts.values())])
    return handle.getvalue()


def _cells(matrix: np.ndarray, view: str, classes: Sequence[SegmentationClass]) -> list[list[dict]]:
    values = view_values(matrix, view)
    colors = _colors(values, view)
    return [
        [
            {
                "text": _text(values[row, column], view),
                "title": f"{matrix[row, column]:,} pixels of {bare(true.name)} "
                + ("found" if row == column else f"taken for {bare(predicted.name)}"),
                "color": "#{:02x}{:02x}{:02x}".format(*colors[row, column]),
                "ink": "#000000" if colors[row, column].mean() > _BRIGHT else "#ffffff",
            }
            for column, predicted in enumerate(classes)
        ]
        for row, true in enumerate(classes)
    ]


def _colors(values: np.ndarray, view: str) -> np.ndarray:
    """Return (C, C, 3) uint8 on the cividis scale; counts by their order of magnitude."""
    if view != COUNTS:
        return confidence_colors(np.nan_to_num(values))
    return confidence_colors(np.log1p(values) / max(np.log1p(values.max()), 1.0))


def _text(value: float, view: str) -> str:
    if view == COUNTS:
        return f"{value:,}"
    if np.isnan(value):
        return "–"
    return "< 0.1 %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def _selected(names: Sequence[str]) -> tuple[int, int] | None:
    """Return the cell pressed last, or named by an address."""
    says = address.read(CELL)
    if says is not None:
        st.session_state[CELL] = says[-1] if says else ""
    true, _, predicted = st.session_state.get(CELL, "").partition("~")
    if true in names and predicted in names:
        return names.index(true), names.index(predicted)
    return None


def _press(key: str, names: Sequence[str]) -> None:
    cell = _pressed(st.session_state.get(key), len(names))
    st.session_state[CELL] = _text_of(cell, names) if cell else ""


def _text_of(cell: tuple[int, int], names: Sequence[str]) -> str:
    return "~".join(names[i] for i in cell)


def _pressed(state: Mapping[str, Any] | None, n_classes: int) -> tuple[int, int] | None:
    """Read what the browser sent; it can be anything."""
    cell = state.get("pressed") if isinstance(state, Mapping) else None
    if not isinstance(cell, list | tuple) or len(cell) != 2:
        return None
    if not all(isinstance(i, int) and 0 <= i < n_classes for i in cell):
        return None
    return cell[0], cell[1]
