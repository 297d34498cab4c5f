"""The scores of each class as a table with interval bars, and what else is worth a line."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.words.numbers import as_html, percent, score
from sandseg.classes import SegmentationClass
from sandseg.score.evaluation import BLOCK_SIZE, NEAR, Evaluation

HELP = f"""
**IoU**: shared pixels divided by all pixels that either the model or the labels give to the class.
**Dice** weighs the shared pixels twice. **Precision**: how much of what the model calls the class
is it. **Recall**: how much of the class it finds.

The bar is the **95 % interval** by a block bootstrap: the slice is cut into blocks of
{BLOCK_SIZE} × {BLOCK_SIZE} pixels (and {BLOCK_SIZE} slices of a stack), 1,000 times as many blocks
are drawn with replacement, and the IoU is counted again. Percentiles, widened for few blocks.

The mean is taken over the classes that occur; one that the model invents counts as 0.
"""


def show_scores(found: Evaluation, classes: Sequence[SegmentationClass]) -> None:
    """Show how good each class is, and all together."""
    st.markdown("**How good is each class?**", help=HELP)
    rows = "".join(_class_row(found, material, i) for i, material in enumerate(classes))
    st.html(f'{_STYLE}<table class="scores">{_HEAD}{rows}{_mean_row(found)}</table>')
    st.caption(_together(found))


def _together(found: Evaluation) -> str:
    scores = found.scores
    parts = [
        f"Frequency-weighted IoU {score(scores.frequency_weighted_iou)}",
        f"accuracy {percent(scores.accuracy)}",
        f"{found.n_wrong:,} of {found.n_labelled:,} pixels of the sample wrong",
    ]
    if not np.isnan(found.near_border_share):
        near = percent(found.near_border_share)
        parts.append(f"{near} of them within {NEAR} pixels of a true border")
    return ", ".join(parts) + "."


def _class_row(found: Evaluation, material: SegmentationClass, i: int) -> str:
    scores, intervals = found.scores, found.intervals
    name = (
        f'<td class="name"><i style="background:{material.color}"></i>{as_html(material.name)}</td>'
    )
    if scores.support[i] == 0:
        n_invented = int(scores.matrix[:, i].sum())
        text = f"absent, {n_invented:,} pixels invented" if n_invented else "absent"
        return f'<tr>{name}<td colspan="6" class="absent">{text}</td><td>0</td></tr>'
    return (
        f"<tr>{name}<td>{score(scores.iou[i])}</td>"
        f"{_interval_cells(scores.iou[i], intervals.low[i], intervals.high[i], material.color)}"
        f'<td class="more">{score(scores.dice[i])}</td>'
        f'<td class="more">{score(scores.precision[i])}</td>'
        f'<td class="more">{score(scores.recall[i])}</td><td>{scores.support[i]:,}</td></tr>'
    )


def _mean_row(found: Evaluation) -> str:
    mean, intervals = found.scores.mean_iou, found.intervals
    cells = _interval_cells(mean, intervals.mean_low, intervals.mean_high, "currentColor")
    rest = '<td class="more"></td>' * 3
    return (
        f'<tr class="mean"><td class="name">mean IoU</td><td>{score(mean)}</td>{cells}{rest}'
        f"<td>{found.n_labelled:,}</td></tr>"
    )


def _interval_cells(value: float, low: float, high: float, color: str) -> str:
    """Return a bar over [0, 1] and the interval as text."""
    dot = f'<b style="left:{value:.2%}"></b>' if not np.isnan(value) else ""
    if np.isnan(low):
        return f'<td class="bar"><div>{dot}</div></td><td class="between">–</td>'
    span = f'<span style="left:{low:.2%};width:{high - low:.2%};background:{color}"></span>'
    between = f"{score(low)} to {score(high)}"
    return (
        f'<td class="bar"><div title="{between}">{span}{dot}</div></td>'
        f'<td class="between">{between}</td>'
    )


_HEAD = (
    '<tr><td class="name"></td><th scope="col">IoU</th>'
    '<th scope="col" class="bar">95 % interval</th><td class="between"></td>'
    '<th scope="col" class="more">Dice</th><th scope="col" class="more">Precision</th>'
    '<th scope="col" class="more">Recall</th><th scope="col">True pixels</th></tr>'
)
_STYLE = """<style>
.scores { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scores td, .scores th { padding: 5px 6px; border: 0; text-align: right; font-weight: 400;
  white-space: nowrap; }
.scores th { font-size: 0.8rem; opacity: 0.8; }
.scores .name, .scores .between, .scores .bar, .scores .absent { text-align: left; }
.scores td.between { opacity: 0.8; }
.scores td.bar { width: 24%; min-width: 60px; }
.scores .absent { opacity: 0.8; }
.scores .mean td { font-weight: 600; border-top: 1px solid rgb(128 128 128 / 35%); }
.scores i { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 8px; box-shadow: 0 0 0 1px rgb(128 128 128 / 40%); }
.scores .bar div { position: relative; height: 14px;
  background: linear-gradient(rgb(128 128 128 / 30%), rgb(128 128 128 / 30%)) 0 50% / 100% 1px
    no-repeat; }
.scores .bar span { position: absolute; top: 3px; height: 8px; min-width: 2px; border-radius: 2px;
  box-shadow: 0 0 0 1px rgb(128 128 128 / 55%); }
.scores .bar b { position: absolute; top: 0; width: 2px; height: 14px; margin-left: -1px;
  background: currentColor; }
@media (max-width: 640px) {
  .scores .more, .scores .between { display: none; }
  .scores td, .scores th { padding: 5px 3px; }
}
</style>"""
