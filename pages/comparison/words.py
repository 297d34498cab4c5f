"""What a comparison of methods shows, in sentences and in one table."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import streamlit as st

from pages.cache.methods import (
    Difference,
    Trial,
    difference_of,
    rating_of,
    run_of,
    trial_phases,
    true_phases,
)
from pages.session.state import Source
from pages.words.numbers import as_html, between, in_lines, percent, plain, score, sure
from sandseg.classes import SANDSTONE
from sandseg.data.sandstone_files import image_name
from sandseg.predict.methods import Method
from sandseg.score import comparison
from sandseg.score.comparison import FIRST_RIGHT, NEITHER_RIGHT, SECOND_RIGHT


def slice_names(source: Source, z: int, n_slices: int) -> set[str]:
    """Return the names under which a model's card would list a slice."""
    if source.numbers:
        return {source.numbers[z], Path(image_name(source.numbers[z])).stem}
    stem = Path(source.title).stem if Path(source.place).is_absolute() else source.id
    return {stem} if n_slices == 1 else {f"{stem}[{z}]"}


def show_finding(methods: Sequence[Method], trials: Sequence[Trial], truth: str) -> None:
    """Say first what the comparison shows."""
    phrases = [method.phrase for method in methods]
    if truth:
        errors = [rating_of(trial, truth).errors for trial in trials]
        st.markdown(f"**{plain(comparison.finding(phrases, errors, SANDSTONE))}**")
        return
    pairs = list(combinations(range(len(trials)), 2))
    shares = [difference_of(trials[i], trials[j], "").share for i, j in pairs]
    first, second = pairs[int(np.argmin(shares))]
    text = f"{_capital(phrases[first])} and {phrases[second]} disagree on {percent(min(shares))}"
    ending = " of the pixels."
    if len(pairs) > 1:
        far, away = pairs[int(np.argmax(shares))]
        ending += (
            f" {_capital(phrases[far])} and {phrases[away]} differ most: {percent(max(shares))}."
        )
    st.markdown(f"**{plain(text + ending)}**")
    st.caption("Nobody labelled this slice, so nothing here says which of them is right.")


def show_what_was_learned(methods: Sequence[Method], names: set[str]) -> None:
    """Warn where a method has seen the answer."""
    learned = [method.phrase for method in methods if method.learned_from(names)]
    if learned:
        its = "Its score here says" if len(learned) == 1 else "Their scores here say"
        text = f"{_capital(' and '.join(learned))} learned from this very slice. {its} little."
        st.warning(plain(text), icon=":material/school:")


def pane_note(trial: Trial, truth: str) -> str:
    """Return the score and the time of a method, as they stand over its picture."""
    time = f"{two_figures(run_of(trial).seconds)} s"
    if not truth:
        return time
    found = rating_of(trial, truth)
    interval = between(found.intervals.mean_low, found.intervals.mean_high)
    return f"mean IoU {score(found.scores.mean_iou)} ({interval}) · {time}"


def difference_text(first: Method, second: Method, found: Difference, has_truth: bool) -> str:
    """Say how much two methods differ, and with a truth who is right there."""
    text = (
        f"{_capital(first.phrase)} and {second.phrase} disagree on {percent(found.share)} "
        "of the pixels."
    )
    n_different = sum(found.counts[1:])
    if not has_truth or not n_different:
        return text
    right = {kind: percent(found.counts[kind] / n_different) for kind in range(1, 4)}
    return (
        f"{text} There {first.phrase} is right on {right[FIRST_RIGHT]}, {second.phrase} on "
        f"{right[SECOND_RIGHT]}, neither on {right[NEITHER_RIGHT]}."
    )


def show_table(methods: Sequence[Method], trials: Sequence[Trial], truth: str) -> None:
    """Show all numbers of a comparison: a column for each method, and one for the truth."""
    runs = [run_of(trial) for trial in trials]
    made_of = [trial_phases(trial) for trial in trials]
    rows = _score_rows(trials, truth) if truth else []
    rows.append(("Speed", None))
    rows.append(("seconds", [two_figures(run.seconds) for run in runs]))
    rows.append(("megapixels/s", [two_figures(run.megapixels_per_second) for run in runs]))
    titles = [method.title for method in methods]
    if truth:
        titles.append("Truth")
        made_of.append(true_phases(truth, trials[0].z))
    rows.append(("What the rock is made of", None))
    for i, material in enumerate(SANDSTONE):
        rows.append((material.name, [percent(found.phase_fractions[i]) for found in made_of]))
    rows.append(("porosity", [percent(found.porosity) for found in made_of]))
    st.html(_html(titles, rows))
    st.caption(_explanation(bool(truth)))


def two_figures(value: float) -> str:
    """Return a number with two figures: "0.0087", "0.70", "1.9", "12"."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:#.2g}"


def _score_rows(trials: Sequence[Trial], truth: str) -> list[tuple[str, list[str] | None]]:
    ratings = [rating_of(trial, truth) for trial in trials]
    rows = [
        ("Agreement with the truth (IoU, 95 % interval)", None),
        (
            "mean",
            [sure(x.scores.mean_iou, x.intervals.mean_low, x.intervals.mean_high) for x in ratings],
        ),
    ]
    for i, material in enumerate(SANDSTONE):
        rows.append(
            (
                material.name,
                [sure(x.scores.iou[i], x.intervals.low[i], x.intervals.high[i]) for x in ratings],
            )
        )
    return rows


def _explanation(has_truth: bool) -> str:
    time = (
        "Seconds are of segmenting alone, measured on this server once the method is loaded. "
        "Shares are of the rock without the air around it, as each method sees it."
    )
    if not has_truth:
        return time
    return (
        "IoU: shared pixels divided by all that either the method or the truth gave to the class, "
        f"inside the sample; intervals by resampling blocks of 128 pixels. {time}"
    )


def _html(titles: Sequence[str], rows: Sequence[tuple[str, list[str] | None]]) -> str:
    head = "".join(f"<th scope='col'>{as_html(title)}</th>" for title in titles)
    body = "".join(_row(name, texts, len(titles)) for name, texts in rows)
    return f"{_STYLE}<div class='methods'><table><tr><td></td>{head}</tr>{body}</table></div>"


def _row(name: str, texts: list[str] | None, n_columns: int) -> str:
    if texts is None:
        return f"<tr><th class='part' colspan='{n_columns + 1}'>{as_html(name)}</th></tr>"
    cells = "".join(f"<td>{in_lines(text)}</td>" for text in texts)
    cells += "<td></td>" * (n_columns - len(texts))
    color = next((material.color for material in SANDSTONE if material.name == name), None)
    swatch = f"<i style='background:{color}'></i>" if color else ""
    return f"<tr><th scope='row'>{swatch}{as_html(name)}</th>{cells}</tr>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_STYLE = """<style>
.methods { font-variant-numeric: tabular-nums; overflow-x: auto; }
.methods table { width: 100%; border-collapse: collapse; }
.methods td, .methods th { padding: 2px 0 2px 12px; border: 0; text-align: right;
  font-weight: 400; white-space: nowrap; }
.methods th[scope=col] { font-weight: 600; white-space: normal; vertical-align: bottom; }
.methods th[scope=row], .methods .part { text-align: left; padding-left: 0; }
.methods .part { padding-top: 12px; font-size: 0.8rem; opacity: 0.8; white-space: normal; }
.methods small { display: block; font-size: 0.8rem; opacity: 0.8; }
.methods i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 8px; box-shadow: 0 0 0 1px rgb(128 128 128 / 40%); }
@media (max-width: 480px) {
  .methods { font-size: 0.8rem; }
  .methods td, .methods th { padding-left: 6px; }
  .methods i { margin-right: 5px; }
}
</style>"""
