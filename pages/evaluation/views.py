"""Parts of the page that compares a prediction with its labels."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.cache.errors import error_thumbnail, slice_evaluation, stack_evaluations
from pages.cache.models import find_model
from pages.cache.reports import slice_report
from pages.cache.rocks import stack_of
from pages.cache.slices import report_of
from pages.cache.task import Task
from pages.components import confusion
from pages.components.copy_link import copy_link
from pages.evaluation.pictures import show_prediction
from pages.panels.choices import choose_slice
from pages.panels.page_head import page_head
from pages.panels.refusals import await_prediction, user_errors
from pages.panels.stack_run import finished_folder, show_run
from pages.session import address, state
from pages.session.asked import origin_of
from pages.session.state import Source
from pages.words.numbers import between, percent, plain, score
from pages.words.scans import PARTS, SEEN, seen_in
from sandseg.classes import SegmentationClass
from sandseg.export.provenance import provenance
from sandseg.model.store import StoredModel
from sandseg.score.evaluation import Evaluation, most_pixels, ranking

N_WORST = 6
N_PLACES = 5
ONE, ALL = "slice", "stack"
SCOPES = {ONE: "This slice", ALL: "All labelled slices"}


def invite(task: Task, n_slices: int) -> None:
    """Say what the page is for where there is nothing to compare the prediction with."""
    with page_head("Evaluate"):
        copy_link()
    st.info(
        "No labels for this stack yet. Upload them to see how good the prediction is.",
        icon=":material/label:",
    )
    shown = st.container()
    z = choose_slice(n_slices)
    with shown, user_errors():
        await_prediction(task, z)
        show_prediction(task, z)


def show_honesty(source: Source, model: StoredModel, slices: Sequence[int]) -> None:
    """Say whether the model knows the slices that are compared from its training."""
    parts = [seen_in(source.numbers[z], model.card) if source.numbers else "" for z in slices]
    known = [part for part in parts if part in ("train", "validation")]
    if len(slices) > 1 and known:
        new = [source.numbers[z] for z, part in zip(slices, parts, strict=True) if part == "test"]
        text = f"The model was trained or chosen on {len(known)} of these {len(slices)} slices, so "
        text += "the scores of all together flatter."
        if new:
            text += f" It never saw slice {', '.join(new)}."
        st.warning(text, icon=":material/school:")
    elif known:
        st.warning(SEEN[known[0]], icon=":material/school:")
    elif "test" in parts:
        st.caption(SEEN["test"])


def choose_scope(source: Source, model: StoredModel, n_slices: int) -> bool:
    """Ask whether one slice counts or all; True once the prediction of all is there."""
    if n_slices == 1:
        return False
    if address.segments("Compare", SCOPES, "scope") == ONE:
        return False
    show_run(source, model, n_slices)
    if finished_folder(source, model):
        return True
    st.caption("Until all slices are segmented, the scores are those of this slice.")
    return False


def choose_parts(task: Task, z: int, truth: str, is_whole: bool) -> Mapping[int, Evaluation]:
    """Compare the slices that count: the one shown, or all with labels."""
    if is_whole:
        return evaluate_stack(task, truth)
    await_prediction(task, z)
    return {z: slice_evaluation(task, z, truth)}


def evaluate_stack(task: Task, truth: str) -> dict[int, Evaluation]:
    """Compare all labelled slices of a segmented stack, and say how far it is."""
    place = st.empty()

    def show_progress(n_done: int, n_slices: int) -> None:
        place.progress(n_done / n_slices, f"Comparing slice {n_done} of {n_slices}")

    found = stack_evaluations(task, truth, show_progress)
    place.empty()
    return found


def choose_matrix() -> str:
    """Ask for one of the three views of the confusion matrix."""
    return address.segments(
        "Confusion matrix",
        confusion.TITLES,
        "matrix",
        label_visibility="visible",
        help="Press a cell: its pixels light up in the pictures. Press it again to end that.",
    )


def facts_of(source: Source, task: Task, parts: Mapping[int, Evaluation]) -> dict[str, object]:
    """Return what a table of these slices says of itself."""
    model, is_stack = find_model(task.model_name), stack_of(task).n_slices > 1
    if task.job and len(parts) > 1:
        report = report_of(task.job)
    else:
        z = next(iter(parts))
        report = slice_report(task, z, origin_of(source, model, z if is_stack else None))
    compared = ", ".join(source.slice_name(z) for z in parts)
    return provenance(report) | {"compared_slices": compared}


def choose_cell(
    found: Evaluation,
    view: str,
    classes: Sequence[SegmentationClass],
    file_stem: str,
    facts: Callable[[], Mapping[str, object]],
) -> tuple[int, int] | None:
    """Show a view of the confusion matrix; return the cell pressed."""
    cell = confusion.show_matrix(found.matrix, view, classes, key="confusion")
    st.caption(confusion.TEXTS[view])
    table = st.expander("As a table", icon=":material/table:", key="table", on_change="rerun")
    if not table.open:
        return cell
    with table:
        names = [material.name for material in classes]
        values = confusion.view_values(found.matrix, view)
        st.dataframe(
            {"true": names, **{f"as {name}": values[:, i] for i, name in enumerate(names)}},
            hide_index=True,
        )
        st.download_button(
            "Download (CSV)",
            confusion.matrix_csv(found.matrix, view, classes, facts()),
            f"{file_stem}_confusion.csv",
            icon=":material/download:",
            on_click="ignore",
        )
    return cell


def show_cell(
    cell: tuple[int, int],
    n_lit: int,
    found: Evaluation,
    parts: Mapping[int, Evaluation],
    classes: Sequence[SegmentationClass],
    source: Source,
) -> None:
    """Say what lights up, and where in the stack there is more of it."""
    true, taken = classes[cell[0]], classes[cell[1]]
    name = plain(true.name)
    what = f"of {name} found" if true == taken else f"of {name} taken for {plain(taken.name)}"
    share = percent(found.matrix[cell] / max(found.scores.support[cell[0]], 1))
    st.markdown(f"**{n_lit:,}** pixels {what} light up in this slice.")
    if not parts:
        st.caption(f"{share} of the true {name}.")
        return
    st.caption(f"{found.matrix[cell]:,} in all slices, {share} of the true {name}. Most in:")
    with st.container(horizontal=True, gap="small"):
        for z, count in most_pixels(parts, cell)[:N_PLACES]:
            _jump(f"{source.slice_title(z)}: {count:,}", z, f"cell-{z}")


def show_worst(
    task: Task, truth: str, parts: Mapping[int, Evaluation], source: Source, model: StoredModel
) -> None:
    """Show the slices the model does worst on; a press leads to one."""
    ranked = ranking(parts)
    if len(ranked) < 2:
        return
    st.markdown("**Where is it worst?**")
    for column, (z, mean) in zip(st.columns(N_WORST), ranked[:N_WORST], strict=False):
        with column:
            st.image(
                error_thumbnail(task, z, truth),
                width="stretch",
                alt=f"Errors of {source.slice_title(z).lower()}",
            )
            _jump(f"{source.slice_title(z)} · {score(mean)}", z, f"worst-{z}")
            st.caption(_interval(parts[z]))
    with st.expander(f"All {len(ranked)} slices, the worst first", icon=":material/table:"):
        table = {
            "slice": [source.numbers[z] if source.numbers else z + 1 for z, _ in ranked],
            "mean IoU": [score(mean) for _, mean in ranked],
            "95 % interval": [_interval(parts[z]) for z, _ in ranked],
            "wrong pixels": [parts[z].n_wrong for z, _ in ranked],
        }
        if source.numbers:
            table["the model's"] = [
                PARTS[seen_in(source.numbers[z], model.card)] for z, _ in ranked
            ]
        st.dataframe(table, hide_index=True)


def _interval(found: Evaluation) -> str:
    return between(found.intervals.mean_low, found.intervals.mean_high)


def _jump(label: str, z: int, key: str) -> None:
    st.button(label, key=key, type="tertiary", on_click=state.take_slice, args=(z,))
