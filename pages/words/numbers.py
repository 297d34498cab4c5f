"""Numbers as texts: shares, scores; other people's words as plain text."""

import re
from collections.abc import Iterable
from html import escape

import numpy as np

from sandseg.score.summary import score_text

_JOINER = "\N{WORD JOINER}"  # has no width; within an address, it ends it
_ADDRESS = re.compile(r"(?i)www(?=\.)|https?:(?=//)|@")  # what Markdown looks for
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    r"""Escape what Markdown would take for formatting: file names are other people's words.

    Addresses of pages and mail become no links, and nothing turns the direction of what follows.
    """
    text = _TURNS.sub("", text)
    text = _ADDRESS.sub(lambda found: found[0] + _JOINER, text)
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
    """Return an IoU with three decimals, as in "0.943"; a dash where a class does not occur."""
    return score_text(value)


def sure(value: float, low: float, high: float) -> str:
    """Return an IoU and, in a line of its own, its interval; see `in_lines`."""
    return f"{score(value)}\n{between(low, high)}"


def in_lines(text: str) -> str:
    """Return text as HTML, all lines but the first in small letters."""
    first, *more = map(escape, text.split("\n"))
    return first + "".join(f"<small>{line}</small>" for line in more)


def between(low: float | None, high: float | None) -> str:
    """Return the ends of an interval of an IoU, as in "0.930–0.951"; a dash without one."""
    if low is None or np.isnan(low):
        return "–"
    return f"{score_text(low)}–{score_text(high)}"
