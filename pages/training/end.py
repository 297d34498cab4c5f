"""What a training brought: scores of its model, and the way into the list of models."""

import numpy as np
import streamlit as st

from pages.cache import trainings as run_cache
from pages.components import confusion
from pages.server import navigation
from pages.session import address, state
from pages.training.access import REFUSAL, attempt, show_refused
from pages.training.against_taught import show_against_taught
from pages.words.numbers import percent, plain, score
from sandseg.export.names import safe_name
from sandseg.model.store import StoredModel, models_folder
from sandseg.runs.added_models import use_model
from sandseg.runs.folder import RunStatus

WHOLE = "whole slice"
USED = "used_models"  # by run: the name its model got


def offer_model(status: RunStatus) -> None:
    """Ask for a name and put the model among the others, or lead to it."""
    used = st.session_state.get(USED, {}).get(status.id)
    if used and (models_folder() / used).is_dir():  # nobody has removed it since
        if st.button("Segment with it", type="primary", icon=":material/layers:"):
            st.switch_page(navigation.SEGMENT, query_params={state.MODEL: used})
        return
    with st.popover("Use this model", type="primary", icon=":material/check:", key="use-model"):
        name = st.text_input(
            "Its name",
            value=free_name(status.title),
            key=f"name-{status.id}",
            max_chars=64,
            help='Letters, digits, ".", "_" and "-". It then stands in every list of models.',
        )
        st.button(
            "Add it to the models", type="primary", on_click=_use, args=(status.id, name or "")
        )
        show_refused()


def show_result(model: StoredModel) -> None:
    """Show how good a trained model is on slices it did not learn from."""
    show_against_taught(model)
    found = model.card.get("scores", {})
    parts = {
        part: f"The {part} part" for part in ("test", "validation") if WHOLE in found.get(part, {})
    }
    if not parts:
        st.caption(
            "There are no slices this network never learned from, so there is no score to defend. "
            "Split by slice to get one."
        )
        return
    matrix, table = st.columns([3, 2], gap="large")
    with matrix:
        part = address.segments("Scored on", parts, "part", label_visibility="visible")
        scores = found[part][WHOLE]
        counts = np.array(scores["confusion_matrix"])
        cell = confusion.show_matrix(counts, confusion.ROWS, model.classes, key="trained-confusion")
        st.caption(_cell_text(counts, cell, model) or confusion.TEXTS[confusion.ROWS])
    with table:
        st.markdown(_table(scores, model))
        st.caption(_slices_text(part, found[part]["slices"]))


def _table(scores: dict, model: StoredModel) -> str:
    """Write IoU and Dice of each class as Markdown."""
    rows = ["| class | IoU | 95 % interval | Dice |", "|:--|--:|--:|--:|"]
    for material in model.classes:
        name = material.name
        between = scores.get("iou_interval", {}).get(name)
        shown = f"{score(between[0])} to {score(between[1])}" if between else "–"
        iou, dice = score(scores["iou"][name]), score(scores.get("dice", {}).get(name))
        rows.append(f"| {plain(name)} | {iou} | {shown} | {dice} |")
    low, high = scores.get("mean_iou_interval", (None, None))
    rows.append(f"| **mean** | **{score(scores['mean_iou'])}** | {score(low)} to {score(high)} | |")
    return "\n".join(rows)


def _slices_text(part: str, slices: list) -> str:
    one = "slice" if len(slices) == 1 else "slices"
    known = "never seen in training" if part == "test" else "which chose the best epoch"
    return f"On {len(slices)} {one}, {known}."


def _cell_text(counts: np.ndarray, cell: tuple[int, int] | None, model: StoredModel) -> str:
    if cell is None:
        return ""
    true, taken = (plain(model.classes[i].name) for i in cell)
    share = percent(counts[cell] / max(counts[cell[0]].sum(), 1))
    what = f"of {true} found" if cell[0] == cell[1] else f"of {true} taken for {taken}"
    return f"{counts[cell]:,} pixels {what}: {share} of the true {true}."


def _use(run_id: str, name: str) -> None:
    attempt(use_model, run_id, name)
    if REFUSAL not in st.session_state:
        st.session_state[USED] = st.session_state.get(USED, {}) | {run_id: name}
        run_cache.forget()
        st.toast(f"{plain(name)} now stands in every list of models.", icon=":material/check:")


def free_name(title: str) -> str:
    """Suggest a name no model has yet."""
    stem = safe_name(title).replace("_", "-").strip(".-").lower()[:48] or "my-model"
    names = [stem, *(f"{stem}-{n}" for n in range(2, 100))]
    return next((name for name in names if not (models_folder() / name).exists()), stem)
