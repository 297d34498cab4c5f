"""What a lesson has taught so far, as a model folder: for whole stacks, files and to be kept."""

import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from pages.cache.models import find_model
from pages.cache.rocks import stack_of
from pages.cache.task import Task
from pages.lessons.earlier import Before, known_to
from pages.lessons.learning import Taught
from pages.lessons.lesson import Lesson, Strokes
from pages.lessons.sights import sights
from pages.session.state import Source
from sandseg.errors import TeachError
from sandseg.model.store import StoredModel
from sandseg.predict.earlier import examples_of
from sandseg.predict.teaching import Learned, Painted, score_of, slices_for_usual
from sandseg.teach.painting.events import class_entries
from sandseg.teach.painting.parting import check_painted
from sandseg.teach.taught_model import network_of
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
    painting, task = lesson.strokes(), lesson.setting.task
    known = known_to(task)
    known.check(painting.classes)
    is_same = class_entries(painting.classes) == class_entries(known.classes)
    if known.examples and not painting.values and is_same:
        return find_model(task.model_name)
    before = [one.values for one in known.examples]
    check_painted(painting.values, painting.classes, lesson.setting.is_correction, before)
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
    (taught, painted), setting = _await(lesson, painting.n), lesson.setting
    task, before = setting.task, Before(setting.task)
    stack = replace(stack_of(task, source.title), name=source.title, numbers=source.numbers)
    values = {z: before.under(z, now) for z, now in painting.values.items()}
    digests = {z: before.digest(z) for z in values}
    learned = Learned(
        stack,
        network_of(find_model(task.model_name)),
        task.treatment,
        taught.classes,
        values,
        before.joined_with(painted),
        taught.classifier,
        setting.is_correction,
        score_of(before.joined_with(painted), taught.classifier),
        (*before.besides(painted).values(), *examples_of(stack, values, painted, digests)),
    )
    seen = {z: sights.make(task, z) for z in slices_for_usual(list(values))}
    part = folder.with_name(f".{folder.name}-{time.time_ns()}")
    learned.write(part, seen)
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
