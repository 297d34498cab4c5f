"""What a visitor takes home; files are only made when they are asked for."""

from functools import partial
from pathlib import Path

import streamlit as st

from pages.cache.models import classes_of, find_model
from pages.cache.reports import slice_report
from pages.cache.rocks import open_source, stack_of
from pages.cache.slices import grey_slice, prediction_of, report_of, slice_phases
from pages.cache.task import Task
from pages.charts.phases import clear_class
from pages.session.asked import origin_of
from pages.session.state import Source
from sandseg.export import overlay
from sandseg.export.names import safe_name
from sandseg.export.pictures import encode_png
from sandseg.export.provenance import CONFIDENCE_INFO, as_lines, provenance
from sandseg.export.report import to_json
from sandseg.export.tables import fractions_csv
from sandseg.export.tiff import image_tiff_bytes, labels_tiff_bytes
from sandseg.model.request import Origin
from sandseg.runs.segmentation import CONFIDENCE, LABELS

OPACITY = 0.5
CODE_WIDTH = 340  # screen pixels: as wide as the buttons


def show_downloads(source: Source, task: Task, z: int) -> None:
    """Offer labels, picture and numbers: of the stack when it is segmented, else of the slice."""
    popover = st.popover(
        "Download", icon=":material/download:", width="stretch", key="download", on_change="rerun"
    )
    if popover.open:
        with popover:
            offer_files(source, task, z)


def offer_files(source: Source, task: Task, z: int) -> None:
    """Offer each file by a button, and the command that makes the same labels."""
    n_slices = open_source(task.source, source.title).n_slices
    model = find_model(task.model_name)
    origin = origin_of(source, model, z if n_slices > 1 else None)  # the visitor is known only now
    stem, number = safe_name(Path(source.title).stem), source.slice_name(z)
    part = stem if task.job or n_slices == 1 else f"{stem}_slice{number}"
    of = f"all {n_slices} slices" if task.job and n_slices > 1 else "this slice"
    files = {
        f"Labels of {of} (TIFF)": (labels_tiff, f"{part}_labels.tif"),
        f"Confidence of {of} (TIFF)": (confidence_tiff, f"{part}_confidence.tif"),
        "Overlay of this slice (PNG)": (overlay_png, f"{stem}_slice{number}_overlay.png"),
        f"Phase fractions of {of} (CSV)": (phases_csv, f"{part}_fractions.csv"),
        f"Report of {of} (JSON)": (report_json, f"{part}_report.json"),
    }
    for label, (make, name) in files.items():
        data = partial(make, task, z, origin)
        st.download_button(label, data, name, on_click="ignore", width="stretch")
    st.caption("The same labels from the command line:")
    command = origin_of(source, model).command if task.job else origin.command
    st.code(command, language="bash", wrap_lines=True, width=CODE_WIDTH)


def labels_tiff(task: Task, z: int, origin: Origin) -> bytes:
    """Return the label TIFF the command line would write."""
    if task.job:
        return (Path(task.job) / LABELS).read_bytes()
    labels, spacing_um = prediction_of(task, z).labels, stack_of(task).spacing_um
    facts = as_lines(provenance(slice_report(task, z, origin)))
    return labels_tiff_bytes([labels], classes_of(task.model_name), spacing_um, facts)


def confidence_tiff(task: Task, z: int, origin: Origin) -> bytes:
    """Return the confidence TIFF the command line would write."""
    if task.job:
        return (Path(task.job) / CONFIDENCE).read_bytes()
    confidence, spacing_um = prediction_of(task, z).confidence, stack_of(task).spacing_um
    facts = as_lines(provenance(slice_report(task, z, origin)))
    return image_tiff_bytes([confidence], spacing_um, CONFIDENCE_INFO, facts)


def overlay_png(task: Task, z: int, origin: Origin) -> bytes:
    """Return the slice with all classes but the commonest of the rock colored."""
    classes = classes_of(task.model_name)
    clear = clear_class(slice_phases(task, z))
    shown = [material.value for material in classes if material.value != clear]
    labels = prediction_of(task, z).seen_labels
    picture = overlay.blend(grey_slice(task, z), labels, classes, OPACITY, shown)
    return encode_png(picture, provenance(slice_report(task, z, origin)))


def phases_csv(task: Task, z: int, origin: Origin) -> str:
    """Return what each segmented slice is made of as a table."""
    return fractions_csv(_report(task, z, origin))


def report_json(task: Task, z: int, origin: Origin) -> str:
    """Return all that is known of what was segmented."""
    return to_json(_report(task, z, origin))


def _report(task: Task, z: int, origin: Origin) -> dict:
    return report_of(task.job) if task.job else slice_report(task, z, origin)
