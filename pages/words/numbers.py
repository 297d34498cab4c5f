"""Numbers as texts: shares, scores; other people's words as plain text."""

from collections.abc import Iterable

import numpy as np


def plain(text: str) -> str:
    r"""Escape what Markdown would take for formatting: file names are other people's words."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]()<>#+!|~$:^" else char for char in text)


def percents(fractions: Iterable[float]) -> list[str]:
    """Return shares as texts."""
    return [percent(fraction) for fraction in fractions]


def known(value: float | None) -> float:
    """Return a number out of a file, NaN for what was not known."""
    return float("nan") if value is None else value


def percent(fraction: float) -> str:
    """Return a share with three figures at most: "12.2 %"."""
    if np.isnan(fraction):
        return "–"
    return f"{100 * fraction:.1f} %"


def score(value: float | None) -> str:
    """Return an IoU with three decimals, as in "0.943"; a dash where a class does not occur.

    What is nearly perfect is cut off: "1.000" is said of what has no error.
    """
    if value is None or np.isnan(value):
        return "–"
    is_nearly_perfect = 0.9995 <= value < 1
    return "0.999" if is_nearly_perfect else f"{value:.3f}"
