"""What a model is, what it learned from and how good it is, in the words of its card."""

import streamlit as st

from pages.words.numbers import plain, score
from pages.words.scans import slices_text
from sandseg.model.store import StoredModel

REGION = "inside the rock"  # the harder part: the air around the sample is easy


def test_scores(model: StoredModel) -> dict:
    """Return the scores on slices the model never saw; empty where it was not tested."""
    return model.card.get("scores", {}).get("test", {}).get(REGION, {})


def model_title(model: StoredModel) -> str:
    """Return a model's title and score in a few words."""
    mean_iou = test_scores(model).get("mean_iou")
    return model.title if mean_iou is None else f"{model.title} · mean IoU {score(mean_iou)}"


def how_good(model: StoredModel) -> str:
    """Say in one sentence how good a model is; nothing where it was not tested."""
    found = test_scores(model)
    if found.get("mean_iou") is None:
        return ""
    interval = found.get("mean_iou_interval")
    spread = f" (95 % interval {score(interval[0])} to {score(interval[1])})" if interval else ""
    n_slices = len(model.card["scores"]["test"]["slices"])
    seen = "a slice" if n_slices == 1 else f"{n_slices} slices"
    return (
        f"On {seen} it never saw, its mean IoU is "
        f"{score(found['mean_iou'])}{spread}, counted inside the rock."
    )


def show_card(model: StoredModel, label: str, help: str | None = None) -> None:  # noqa: A002
    """Offer a model's card one click away; it is only written when it is opened."""
    popover = st.popover(label, icon=":material/info:", help=help, key="card", on_change="rerun")
    if not popover.open:
        return
    with popover:
        card = model.card
        st.markdown(f"**{plain(model.title)}**")
        st.markdown(_facts(card))
        found = test_scores(model)
        if found:
            st.markdown(_score_table(found))
            st.caption(
                "IoU: shared pixels divided by all pixels that either the network or the person "
                "gave to the class. Counted inside the rock, on the test slices, never trained on."
            )
        elif not model.landmarks or model.is_taught:
            st.caption("This model has not been tested on slices it never saw.")
        st.markdown(_purpose(model))


def _purpose(model: StoredModel) -> str:
    """Say what a model is for."""
    if model.is_taught:
        return _TAUGHT.format(image=plain(model.card["taught"]["image"]))
    return _ANY_ROCK if model.landmarks else _ONE_ROCK


_TAUGHT = (
    "**For** scans like {image}, on which it was taught by strokes: the same rock, scanner and "
    "voxel size. The verdict beside the picture says whether a scan is like it."
)
_ONE_ROCK = (
    "**Not for** other rocks, other scanners or other voxel sizes without looking at the "
    "labels first: it knows one sandstone and four classes, and gives every pixel one."
)
_ANY_ROCK = (
    "**For** dry rock from any scanner: it learned from made-up rocks and scanners, and finds "
    "pores best. What is microporous and what is dense it tells by attenuation alone. It has no "
    "test slices of its own; the verdict beside the picture says what to expect of a scan."
)


def _facts(card: dict) -> str:
    split = card.get("data", {}).get("slices", {})
    lines = [f"- U-Net with {card['n_parameters']:,} weights"] if "n_parameters" in card else []
    for part, purpose in (
        ("train", "Trained on"),
        ("validation", "Chosen by"),
        ("test", "Tested on"),
    ):
        if split.get(part):
            lines.append(f"- {purpose} {plain(slices_text(split[part]))}")
    if strokes := _strokes_text(card.get("taught", {})):
        lines.append(f"- Taught by {strokes}")
    return "\n".join(lines)


def _strokes_text(taught: dict) -> str:
    """Say how many strokes on how many scans taught a model; "" where the card does not tell."""
    strokes, scans = taught.get("n_strokes"), taught.get("scans")
    if not isinstance(strokes, dict) or not isinstance(scans, list):
        return ""
    n = sum(number for number in strokes.values() if type(number) is int)
    return f"{n} stroke{'s' * (n != 1)} on {len(scans)} scan{'s' * (len(scans) != 1)}"


def _score_table(found: dict) -> str:
    intervals = found.get("iou_interval", {})
    rows = ["| class | IoU | 95 % interval |", "|:--|--:|--:|"]
    for name, value in found["iou"].items():
        between = intervals.get(name)
        shown = f"{score(between[0])} to {score(between[1])}" if between else "–"
        rows.append(f"| {plain(name)} | {score(value)} | {shown} |")
    low, high = found.get("mean_iou_interval", (None, None))
    rows.append(f"| **mean** | **{score(found['mean_iou'])}** | {score(low)} to {score(high)} |")
    return "\n".join(rows)
