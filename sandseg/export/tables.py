"""Numbers as tables for other programs."""

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from sandseg.classes import SANDSTONE, SegmentationClass


def fractions_csv(
    fractions: Iterable[Sequence[float]],
    classes: Sequence[SegmentationClass] = SANDSTONE,
    first_slice: int = 0,
) -> str:
    """Return a CSV table of the phase fractions of each slice.

    Args:
        fractions: (Z, C) in [0, 1], a row for each slice; NaN becomes an empty cell.
        classes: The C classes in the order of the columns.
        first_slice: z of the first row.

    Returns:
        Columns "slice" (counted from 1, as on screen), one for each class, and "porosity", the
        sum over pore classes.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["slice", *(material.name for material in classes), "porosity"])
    for number, row in enumerate(fractions, start=first_slice + 1):
        porosity = sum(
            value for value, material in zip(row, classes, strict=True) if material.is_pore
        )
        writer.writerow([number, *(_cell(value) for value in (*row, porosity))])
    return table.getvalue()


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{float(value):.6f}"
