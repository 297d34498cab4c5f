"""Numbers as tables for other programs."""

import csv
import io
from collections.abc import Mapping, Sequence

_PICTURE = "picture: "  # before the names of shares of the whole picture


def fractions_csv(rows: Sequence[Mapping], facts: Mapping[str, object]) -> str:
    """Return a CSV table of what each slice is made of; each row says where it comes from.

    Args:
        rows: For each slice its "slice" as it is called on screen, and what
            `report.composition_facts` returns.
        facts: What holds for all rows, such as file and model, by the name of its column.

    Returns:
        Columns "slice", the fraction of each class in the sample, "porosity", "sample_fraction",
        the fractions of the whole picture, then the facts. Shares are in [0, 1]; what is not known
        is an empty cell.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    names = list(rows[0]["phase_fractions"])
    whole = [f"{_PICTURE}{name}" for name in names]
    writer.writerow(["slice", *names, "porosity", "sample_fraction", *whole, *facts])
    for row in rows:
        shares = (
            *row["phase_fractions"].values(),
            row["porosity"],
            row["sample_fraction"],
            *row["picture_fractions"].values(),
        )
        writer.writerow([row["slice"], *map(_cell, shares), *map(_text, facts.values())])
    return table.getvalue()


def _cell(share: float | None) -> str:
    return "" if share is None else f"{share:.6f}"


def _text(fact: object) -> str:
    return "" if fact is None else str(fact)
