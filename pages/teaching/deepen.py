"""From strokes to a network of one's own: a training on what is painted, begun from the lesson."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.cache import trainings as run_cache
from pages.cache.models import find_model
from pages.cache.rocks import open_source
from pages.lessons.lesson import Lesson
from pages.panels.refusals import show_refusal
from pages.server import navigation
from pages.session.state import Source, own, pop_refusal
from pages.session.visit import visit
from pages.training.access import ask_token, may_change, who
from pages.training.against_taught import show_against_taught
from pages.training.choice import RUN
from pages.words.numbers import plain
from pages.words.trainings import STATES
from sandseg.config import UNetConfig, fit_patches, preset
from sandseg.errors import SandsegError, TeachError
from sandseg.export.tiff import write_image
from sandseg.runs.control import start_run
from sandseg.runs.permissions import training_rules
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.teach.painting.parting import dealt_out
from sandseg.teach.painting.stroke_files import accepted_tiff
from sandseg.teach.taught_model import network_of
from sandseg.uploads import workspace
from sandseg.uploads.lessons import note_run, runs_of

REFUSAL, BEGUN = "deepen_refusal", "deepened"
CHANGED = TeachError(
    "The labels of this slice have changed since they were shown.",
    hint="Look at them again, then accept them.",
)
ABOUT = (
    "The network that sees the slice learns from your strokes, too; what is not painted counts for "
    "nothing. Some strokes are held back to judge it by. It takes minutes to hours, and goes on "
    "without this page."
)
ACCEPTING = (
    "Are all labels of a slice right? Then accept them, as they are now: the network learns from "
    "the whole slice, as if you had painted all of it, and none of its strokes is held back. "
    "Undo takes it back as it does a stroke."
)


def offer_training(lesson: Lesson, source: Source, z: int) -> None:
    """Offer to train a network on the strokes, where trainings are allowed."""
    if run_id := own(BEGUN).pop(lesson.id, ""):
        st.switch_page(navigation.TRAIN, query_params={RUN: run_id})
    network = network_of(find_model(lesson.setting.task.model_name))
    if not training_rules().is_on or not isinstance(network.unet, UNetConfig):
        return
    label, icon = "Train a network on this", ":material/school:"
    with st.popover(label, icon=icon, width="stretch", key="deepen"):
        st.markdown(ABOUT)
        if lesson.setting.shape[0] > 1:
            _offer_acceptance(lesson, source, z)
        ask_token()
        st.button("Start training", type="primary", on_click=_start, args=(lesson, source))
        if refusal := pop_refusal(REFUSAL):
            show_refusal(refusal)
        _show_last_run(lesson)


def _show_last_run(lesson: Lesson) -> None:
    """Tell of the last training that was begun here; it may have been deleted."""
    for run_id in reversed(runs_of(lesson.id)):
        with suppress(SandsegError):
            status = run_cache.run_status(run_id)
            st.divider()
            st.markdown(f"**{STATES[status.state]}**: {plain(status.title)}")
            if model := run_cache.trained_model(run_id):
                show_against_taught(model)
            is_own = may_change(run_id)
            if is_own and st.button(
                "Look at this training", icon=":material/monitoring:", key="last-run"
            ):
                st.switch_page(navigation.TRAIN, query_params={RUN: run_id})
            return


def _offer_acceptance(lesson: Lesson, source: Source, z: int) -> None:
    """Let the labels of the slice that is shown be accepted as right, or no longer."""
    accepted, shown, name = lesson.accepted(), lesson.shown(z), source.slice_name(z)
    if z in accepted:
        label, icon, n = f"Take slice {name} back", ":material/undo:", None
    else:
        label, icon, n = f"Slice {name} is right", ":material/check:", shown and shown.of.n
    names = ", ".join(source.slice_name(one) for one in accepted)
    told = f"slice{'s' * (len(accepted) > 1)} {names}" if accepted else "no slice yet"
    st.button(
        label,
        icon=icon,
        key="accept",
        help=ACCEPTING,
        disabled=z not in accepted and not shown,
        on_click=_accept,
        args=(lesson, z, n),
    )
    st.caption(f"Accepted as right: {told}.")


def _accept(lesson: Lesson, z: int, n: int | None) -> None:
    try:
        accept_as_shown(lesson, z, n)
    except SandsegError as error:
        st.session_state[REFUSAL] = error


def accept_as_shown(lesson: Lesson, z: int, n: int | None) -> None:
    """Accept the labels of a slice that follow the first n events; None: no longer.

    Raises:
        TeachError: These are not its labels any more.
    """
    if n is None:
        lesson.accept(z, None)
        return
    shown = lesson.shown(z)
    if shown is None or shown.of.n != n:
        raise CHANGED
    lesson.accept(z, shown.labels)


def _start(lesson: Lesson, source: Source) -> None:
    """Begin; the page of trainings then shows how it goes."""
    folder = workspace.new_folder(visit().folder)
    try:
        settings = _settings(lesson, source, folder)
        own(BEGUN)[lesson.id] = run_id = start_run(settings, who())
        note_run(lesson.id, run_id)
    except SandsegError as error:
        st.session_state[REFUSAL] = error
    finally:
        workspace.remove_folder(folder)  # the run has its own copies


def _settings(lesson: Lesson, source: Source, folder: Path) -> RunSettings:
    """Return what is to be trained; strokes, and the slices of a sample, are written for it.

    Raises:
        TeachError: A class has too few strokes to hold some back.
    """
    painting = lesson.strokes()
    classes = painting.classes
    accepted = lesson.accepted()
    dealt_out(painting.values, len(classes), accepted)
    network = network_of(find_model(lesson.setting.task.model_name))
    (folder / "strokes.tif").write_bytes(lesson.strokes_tiff())
    images = Path(source.place)
    if not source.upload:
        stack, images = open_source(source.place), folder / f"{source.id}.tif"
        write_image(images, stack.slices(), stack.spacing_um)
    setting = lesson.setting
    how = {"treatment": setting.task.treatment, "is_correction": setting.is_correction}
    files = {"images": str(images), "labels": str(folder / "strokes.tif")}
    if accepted:
        (folder / "accepted.tif").write_bytes(lesson.strokes_tiff(accepted_tiff))
        files["accepted"] = str(folder / "accepted.tif")
    recipe = preset("tiny")
    recipe = replace(recipe, unet=replace(network.unet, n_classes=len(classes)), learning_rate=1e-3)
    recipe = fit_patches(recipe, min(lesson.setting.shape[1:]))
    title = f"{source.title[:80]}, from strokes"
    data = DataSource("strokes", **files, **how)
    return RunSettings(
        data, recipe, title, classes=classes, start_from=lesson.setting.task.model_name
    )
