"""What a lesson has taught so far, as a model folder: for whole stacks, files and to be kept."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from pages.cache.models import find_model
from pages.cache.rocks import stack_of
from pages.cache.task import Task
from pages.session.state import Source
from pages.teaching.learning import Taught
from pages.teaching.lesson import Lesson, Strokes
from pages.teaching.sights import sights
from sandseg.errors import TeachError
from sandseg.model.store import StoredModel
from sandseg.predict.teaching import Painted, check_painted, joined, slices_for_usual, usual_facts
from sandseg.teach import taught_model
from sandseg.teach.taught_model import network_of, write_taught
from sandseg.uploads import workspace
from sandseg.uploads.lessons import lesson_folder

MODELS = "models"
WAIT_S, LOOK_S = 60.0, 0.05
TOO_BUSY = TeachError(
    "What these strokes teach is not known yet.", hint="Wait until the picture follows."
)


def snapshot(lesson: Lesson, source: Source) -> StoredModel:
    """Return the model that all strokes so far have taught; it is written once.

    Raises:
        SandsegError: A class is painted nowhere, or there is no room.
    """
    painting = lesson.strokes()
    check_painted(painting.values, painting.classes)
    folder = _folder(lesson, painting.n)
    if not folder.is_dir():
        workspace.require_room(lesson_folder(lesson.id), 2**23)
        with workspace.writing():
            _write(folder, lesson, source, painting)
    return find_model(str(folder))


def snapshot_task(lesson: Lesson, model: StoredModel, job: str = "") -> Task:
    """Return what the answer of a snapshot depends on."""
    task = lesson.setting.task
    return replace(task, model_name=str(model.folder), model_sha256=model.sha256, job=job)


def _folder(lesson: Lesson, n: int) -> Path:
    """Tell snapshots apart by all they are made from."""
    how = sha256(repr((lesson.setting, n)).encode()).hexdigest()[:12]
    return lesson_folder(lesson.id) / MODELS / f"taught-{n}-{how}"


def _write(folder: Path, lesson: Lesson, source: Source, painting: Strokes) -> None:
    (taught, painted), task = _await(lesson, painting.n), lesson.setting.task
    stack, network = stack_of(task, source.title), network_of(find_model(task.model_name))
    seen = {z: sights.make(task, z) for z in slices_for_usual(list(painting.values))}
    usual = usual_facts(stack, network, task.treatment, seen, (taught.classifier, taught.classes))
    strokes, pixels = joined(painted).counts(len(taught.classes)).tolist()
    names = [material.name for material in taught.classes]
    facts = {
        "n_strokes": dict(zip(names, strokes, strict=True)),
        "n_pixels": dict(zip(names, pixels, strict=True)),
        "treatment": asdict(task.treatment),
        "is_correction": lesson.setting.is_correction,
    }
    slices = tuple(source.slice_name(z) for z in sorted(painting.values))
    taught_with = taught_model.Lesson(source.title, stack.shape, painting.values, slices, facts)
    part = folder.with_name(f".{folder.name}-{time.time_ns()}")
    write_taught(part, network, taught.classifier, taught.classes, taught_with, usual)
    try:
        part.rename(folder)
    except OSError:  # another tab was first
        workspace.remove_folder(part)


def _await(lesson: Lesson, n: int) -> tuple[Taught, Mapping[int, Painted]]:
    """Wait until everything that is painted was learned from."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = lesson.taught()
        if found and found[0].n == n:
            return found
        time.sleep(LOOK_S)
    raise TOO_BUSY
