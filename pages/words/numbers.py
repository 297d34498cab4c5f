"""Numbers as texts: shares, scores; other people's words as plain text."""

import re
import unicodedata
from collections.abc import Iterable
from html import escape

import numpy as np

from sandseg.score.summary import score_text

_JOINER = "\N{WORD JOINER}"  # has no width; within an address, it ends it
_ADDRESS = re.compile(r"(?i)www(?=\.)|https?:(?=//)|@")  # what Markdown looks for
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # signs without a shape, those that turn the direction
_NEEDED = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # to write Persian or Hindi
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_BEGINS = re.compile(r"[-=]|\d+(?=[.)])")  # a list, a line, a heading
_MARKS = r"\`*_{}[]()<>#+!|~$:^&"


def bare(text: str) -> str:
    """Return other people's words as one line of what can be seen, for places without Markdown."""
    line = _BREAKS.sub(" ", text)
    seen = (c for c in line if c in _NEEDED or unicodedata.category(c) not in _UNSEEN)
    return "".join(seen).strip(f"{_NEEDED} ")


def plain(text: str) -> str:
    r"""Escape what Markdown would take for formatting: file names are other people's words.

    Addresses of pages and mail become no links, and nothing turns the direction of what follows.
    """
    text = _ADDRESS.sub(lambda found: found[0] + _JOINER, bare(text))
    shown = "".join(f"\\{char}" if char in _MARKS else char for char in text)
    begin = _BEGINS.match(shown)
    if not begin:
        return shown
    return f"{begin[0]}\\{shown[begin.end() :]}" if begin[0].isdigit() else f"\\{shown}"


def as_html(text: str) -> str:
    """Return other people's words for a place in HTML, as one line of what can be seen."""
    return escape(bare(text))


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
    first, *more = map(as_html, text.split("\n"))
    return first + "".join(f"<small>{line}</small>" for line in more)


def between(low: float | None, high: float | None) -> str:
    """Return the ends of an interval of an IoU, as in "0.930–0.951"; a dash without one."""
    if low is None or np.isnan(low):
        return "–"
    return f"{score_text(low)}–{score_text(high)}"
