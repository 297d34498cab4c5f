"""The address of a view: what is chosen, under names that stay the same whatever the titles say.

Streamlit's own binding writes what a list shows; sliders and switches, whose values say themselves,
use that one. What is chosen stays with a visitor from page to page; what is usual is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.words.numbers import bare, plain


@dataclass
class _Memory:
    """What one visitor's address said last, by key; `asked` are the keys looked up in this run."""

    page: str = ""
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    chosen: dict[str, Any] = field(default_factory=dict)
    wished: dict[str, str] = field(default_factory=dict)


def start() -> None:
    """Begin the run of a whole page: only then can its address be news."""
    _memory().asked.clear()


def turn_to(page: str) -> None:
    """Come to a page: what an address lacks there was not taken out by the visitor."""
    memory = _memory()
    if memory.page != page:
        memory.page = page
        memory.seen.clear()


def read(key: str) -> tuple[str, ...] | None:
    """Return what the address says about a choice, where that is news; else None."""
    memory = _memory()
    if key in memory.asked:
        return None
    memory.asked.add(key)
    says = tuple(st.query_params.get_all(key))
    if says == memory.seen.get(key, ()):
        return None
    memory.seen[key] = says
    return says


def write(key: str, values: Iterable[str]) -> None:
    """Put a choice into the address; without values it is taken out."""
    memory, values = _memory(), tuple(values)
    if values == memory.seen.get(key, ()):
        return
    memory.seen[key] = values
    if values:
        st.query_params[key] = list(values)
    elif key in st.query_params:
        del st.query_params[key]


def wish(key: str, value: str) -> None:
    """Choose for the visitor in the next run: the widget may stand already in this one."""
    _memory().wished[key] = value


def select(label: str, titles: Mapping[str, str], key: str, default: str = "", **options) -> str:
    """Ask for one of a list.

    Args:
        label: Above the list.
        titles: What is shown for each id; the ids stand in the address.
        key: Name of the choice, in the address too.
        default: Id of the usual choice, the first one if "".
        options: Further arguments of `st.selectbox`.
    """
    default = default if default in titles else next(iter(titles))
    _adopt(key, titles, default)
    shown = distinct(titles)
    chosen = st.selectbox(label, list(shown), format_func=shown.get, key=key, **options)
    return _kept(key, chosen, default)


def distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """Number titles that are equal: Streamlit tells what was chosen by what is shown."""
    found, taken = {}, set()
    for key, title in titles.items():
        name, n = bare(title), 1
        while name in taken:
            n += 1
            name = f"{bare(title)} ({n})"
        found[key] = name
        taken.add(name)
    return found


def segments(label: str, titles: Mapping[str, str], key: str, **options) -> str:
    """Ask for one of a few, the first of which is usual; arguments as those of `select`."""
    default = next(iter(titles))
    _adopt(key, titles, default)
    titles = {one: plain(title) for one, title in titles.items()}
    options = {"label_visibility": "collapsed", **options}
    chosen = st.segmented_control(
        label, list(titles), format_func=titles.get, required=True, key=key, **options
    )
    return _kept(key, chosen, default)


def several(label: str, titles: Mapping[str, str], key: str, default: Sequence[str]) -> list[str]:
    """Ask for any number; arguments as those of `select`. What is chosen comes in their order."""
    is_new, says = _is_new(key), read(key)
    wanted = _before(key, list(default)) if says is None else says
    wanted = [one for one in wanted if one in titles] or (list(default) if says else [])
    if is_new or wanted != st.session_state.get(key):
        st.session_state[key] = wanted
    shown = {one: plain(title) for one, title in titles.items()}
    pressed = st.pills(
        label, list(titles), selection_mode="multi", format_func=shown.get, key=key, wrap=True
    )
    chosen = [one for one in titles if one in pressed]
    _memory().chosen[key] = chosen
    write(key, () if chosen == list(default) else chosen or ("",))
    return chosen


def _adopt(key: str, ids: Iterable[str], default: str) -> None:
    """Choose what the address names, else what was chosen before; foreign values count for none."""
    is_new, says = _is_new(key), read(key)
    wanted = _before(key, default) if says is None else (says or (default,))[-1]
    wanted = _memory().wished.pop(key, wanted)
    wanted = wanted if wanted in ids else default
    if is_new or wanted != st.session_state.get(key):
        st.session_state[key] = wanted


def _kept(key: str, chosen: str, default: str) -> str:
    _memory().chosen[key] = chosen
    write(key, () if chosen == default else (chosen,))
    return chosen


def _before(key: str, default: Any) -> Any:
    return st.session_state.get(key, _memory().chosen.get(key, default))


def _is_new(key: str) -> bool:
    """Whether this run has not shown the choice yet: on another page it is another widget."""
    return key not in _memory().asked


def _memory() -> _Memory:
    return st.session_state.setdefault("address", _Memory())
