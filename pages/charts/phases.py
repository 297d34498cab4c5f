"""Pieces that more than one page is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from html import escape

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitInvalidLayoutContextError

from pages.cache import slices as cache
from pages.cache.slices import SlicePhases, Task
from sandseg.classes import SegmentationClass
from sandseg.errors import SandsegError


@contextmanager
def user_errors(*places: DeltaGenerator) -> Iterator[None]:
    """Show a `SandsegError` as a message and end the page; let any other error through.

    `places` are those outside of a fragment that it may fill. They are emptied: what stands there
    is of another slice, and Streamlit lets a fragment fill later only what it has written to once.
    """
    try:
        yield
    except SandsegError as error:
        show_refusal(error)
        for place in places:
            with suppress(StreamlitInvalidLayoutContextError):  # nothing has ever stood there
                place.container()
        st.stop()


def show_refusal(error: SandsegError) -> None:
    """Show what is wrong and what to do."""
    st.error(plain(error.message), icon=":material/error:")
    if error.hint:
        st.info(plain(error.hint), icon=":material/lightbulb:")


def await_prediction(task: Task, z: int) -> None:
    """Segment a slice; where other visitors' slices come first, say how many and how long."""
    is_said = False

    def show(n_before: int, seconds: float) -> None:
        nonlocal is_said
        if is_said:  # a fragment may not write to what it showed outside of itself
            return
        is_said = True
        others = "1 other slice comes" if n_before == 1 else f"{n_before} other slices come"
        text = f"{others} first, about {max(seconds, 1):.0f} s"
        st.toast(text, icon=":material/hourglass_top:")

    cache.prediction(task, z, on_wait=show)


def plain(text: str) -> str:
    r"""Escape what Markdown would take for formatting: file names are other people's words."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]()<>#+!|~$:^" else char for char in text)


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
    )
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = "".join(
        _phase_row(material, [texts[i] for texts in columns.values()])
        for i, material in enumerate(classes)
    )
    foot = "".join(f"<td>{escape(text)}</td>" for text in last)
    st.html(
        f'{_TABLE_STYLE}<div class="phases"><div>{parts}</div>'
        f"<table><tr><td></td>{head}</tr>{rows}<tr>{foot}</tr></table></div>"
    )


def _phase_row(material: SegmentationClass, texts: Iterable[str]) -> str:
    name = f"{material.name} (pores)" if material.is_pore else material.name
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    swatch = f'<i style="background:{material.color}"></i>'
    return f"<tr><td>{swatch}{escape(name)}</td>{cells}</tr>"


def show_legend(colors: Mapping[str, str]) -> None:
    """Say what colors mean, in one line where there is room."""
    parts = "".join(
        f'<span><i style="background:{color}"></i>{escape(name)}</span>'
        for name, color in colors.items()
    )
    st.html(f'{_LEGEND_STYLE}<div class="keys">{parts}</div>')


def show_porosity(porosity: float) -> None:
    """Show the porosity of the rock in a slice."""
    st.markdown(
        f"Porosity of the rock **{percent(porosity)}**",
        help="Pore space divided by the area of the sample, without the air around it.",
    )


def show_numbers(task: Task, z: int, truth: str) -> None:
    """Show phase fractions, porosity and, with labels, how well they are met."""
    classes = cache.model(task.model_name).classes
    phases = cache.slice_phases(task, z)
    columns = {"slice": percents(phases.whole), "its rock": percents(phases.rock)}
    last = []
    if task.job:
        stack_fractions = cache.report(task.job)["phase_fractions"].values()
        columns["stack"] = percents(stack_fractions)
    if truth:
        found = cache.slice_scores(task, z, truth)
        columns["IoU"] = [score(value) for value in found.iou]
        last = ["mean IoU", *[""] * (len(columns) - 1), score(found.mean_iou)]
    show_phases(columns, phases.rock, classes, last)
    show_porosity(phases.porosity)


def clear_class(phases: SlicePhases) -> int:
    """Return the commonest class of the rock: tinted, it would drown the picture."""
    return int(np.nan_to_num(phases.rock).argmax())


def percents(fractions: Iterable[float]) -> list[str]:
    """Return shares as texts."""
    return [percent(fraction) for fraction in fractions]


def percent(fraction: float) -> str:
    """Return a share with three figures at most: "12.2 %"."""
    if np.isnan(fraction):
        return "–"
    return f"{100 * fraction:.1f} %"


def score(value: float | None) -> str:
    """Return an IoU with two figures, as in "0.94"; a dash where a class does not occur.

    What is nearly perfect has a third figure, cut off: "1.00" is said of what has no error.
    """
    if value is None or np.isnan(value):
        return "–"
    is_nearly_perfect = 0.995 <= value < 1
    return f"{np.floor(1000 * value) / 1000:.3f}" if is_nearly_perfect else f"{value:.2f}"


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
.phases i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 8px; box-shadow: 0 0 0 1px rgb(128 128 128 / 40%); }
</style>"""
