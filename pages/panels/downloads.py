"""What a visitor takes home; files are only made when they are asked for."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.cache.greys import verdict_on
from pages.cache.models import classes_of
from pages.cache.rocks import open_source, stack_of
from pages.cache.slices import grey_slice, mapping_of, prediction_of, report_of, slice_phases
from pages.cache.task import Task
from pages.charts.phases import clear_class
from pages.session.state import Source
from sandseg.config import VERSION
from sandseg.export import overlay
from sandseg.export.names import safe_name
from sandseg.export.pictures import encode_png
from sandseg.export.report import composition_facts, now, to_json
from sandseg.export.tables import fractions_csv
from sandseg.export.tiff import labels_tiff_bytes
from sandseg.runs.segmentation import LABELS

OPACITY = 0.5


def show_downloads(source: Source, task: Task, z: int) -> None:
    """Offer labels, picture and numbers: of the stack when it is segmented, else of the slice."""
    stack = open_source(task.source, source.title)
    stem = safe_name(Path(source.title).stem)
    is_whole = bool(task.job) or stack.n_slices == 1
    number = slice_number(source, z)
    part = stem if is_whole else f"{stem}_slice{number}"
    of = f"all {stack.n_slices} slices" if task.job and stack.n_slices > 1 else "this slice"
    popover = st.popover(
        "Download", icon=":material/download:", width="stretch", key="download", on_change="rerun"
    )
    if not popover.open:
        return
    with popover:
        _offer(f"Labels of {of} (TIFF)", lambda: labels_tiff(task, z), f"{part}_labels.tif")
        _offer(
            "Overlay of this slice (PNG)",
            lambda: overlay_png(task, z),
            f"{stem}_slice{number}_overlay.png",
        )
        _offer(
            f"Phase fractions of {of} (CSV)",
            lambda: phases_csv(source, task, z),
            f"{part}_fractions.csv",
        )
        if task.job:
            named = report_of(task.job) | {"source": source.title}
            _offer("Report (JSON)", lambda: to_json(named), f"{stem}_report.json")


def labels_tiff(task: Task, z: int) -> bytes:
    """Return the label TIFF the command line would write."""
    if task.job:
        return (Path(task.job) / LABELS).read_bytes()
    classes, spacing_um = classes_of(task.model_name), stack_of(task).spacing_um
    return labels_tiff_bytes([prediction_of(task, z).labels], classes, spacing_um)


def overlay_png(task: Task, z: int) -> bytes:
    """Return the slice with all classes but the commonest of the rock colored."""
    classes = classes_of(task.model_name)
    clear = clear_class(slice_phases(task, z))
    shown = [material.value for material in classes if material.value != clear]
    labels = prediction_of(task, z).seen_labels
    return encode_png(overlay.blend(grey_slice(task, z), labels, classes, OPACITY, shown))


def phases_csv(source: Source, task: Task, z: int) -> str:
    """Return what each segmented slice is made of as a table."""
    if task.job:
        report = report_of(task.job)
        rows = [row | {"slice": slice_number(source, row["slice"] - 1)} for row in report["slices"]]
        made, verdict = report["created"], report["domain"]["verdict"]
    else:
        rows = [{"slice": slice_number(source, z)} | composition_facts(slice_phases(task, z))]
        made, verdict = now(), verdict_on(task).level
    mapping = mapping_of(task)
    facts = {
        "file": source.title,
        "voxel_size_um": stack_of(task).voxel_size_um,
        "model": task.model_name,
        "model_sha256": task.model_sha256,
        "black_grey_value": mapping.low,
        "white_grey_value": mapping.high,
        "verdict": verdict,
        "sandseg_version": VERSION,
        "created": made,
    }
    return fractions_csv(rows, facts)


def slice_number(source: Source, z: int) -> str:
    """Return the number a slice has on screen."""
    return source.numbers[z] if source.numbers else str(z + 1)


def _offer(label: str, make: Callable[[], bytes | str], file_name: str) -> None:
    st.download_button(label, make, file_name, on_click="ignore", width="stretch")
