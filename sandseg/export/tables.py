"""Numbers as tables for other programs."""

import csv
import io
from collections.abc import Mapping

from sandseg.export.provenance import as_text, pore_facts, provenance

_FORMULA = ("=", "+", "-", "@")  # how it begins
_PICTURE = "picture: "  # before the names of shares of the whole picture
_IN_ROWS = ("slices", "sample_fraction")  # of a slice, each row has its own


def fractions_csv(report: Mapping) -> str:
    """Return a CSV table of what each slice is made of; each row says where it comes from.

    Args:
        report: As `report.segmentation_report` and its like make it.

    Returns:
        Columns "slice", the fraction of each class in the sample, "porosity", "sample_fraction",
        the fractions of the whole picture, what is known of the pores of the whole stack, then
        where it all comes from. Shares are in [0, 1]; what is not known is an empty cell.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    rows, pores = report["slices"], pore_facts(report)
    names = list(rows[0]["phase_fractions"])
    whole = [f"{_PICTURE}{name}" for name in names]
    facts = {name: fact for name, fact in provenance(report).items() if name not in _IN_ROWS}
    columns = ["slice", *map(as_cell, names), "porosity", "sample_fraction"]
    writer.writerow([*columns, *whole, *pores, *facts])
    for row in rows:
        shares = (
            *row["phase_fractions"].values(),
            row["porosity"],
            row["sample_fraction"],
            *row["picture_fractions"].values(),
            *pores.values(),
        )
        writer.writerow([row["slice"], *map(_cell, shares), *map(as_cell, facts.values())])
    return table.getvalue()


def _cell(share: float | None) -> str:
    return "" if share is None else f"{share:.6f}"


def as_cell(fact: object) -> str:
    """Return a fact as a cell that no spreadsheet takes for a formula.

    An apostrophe before it says that it is text (OWASP, CSV Injection).
    """
    text = as_text(fact)
    return f"'{text}" if isinstance(fact, str) and text.startswith(_FORMULA) else text
