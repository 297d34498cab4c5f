"""A lesson: the strokes on one rock and what is learned from them, shared by all who have its link.

The strokes lie on the disk before anybody is told that they came. All else is in memory, is let go
of when nobody looks, and is made anew from them.
"""

import asyncio
import json
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool

from pages.cache.rocks import stack_of
from pages.components.painting.tickets import Look
from pages.lessons.desk import Step, desk
from pages.lessons.learner import Learner
from pages.lessons.learning import Summary, Taught, Whole
from pages.lessons.looks import Looks
from pages.lessons.setting import Setting, classes_event
from pages.lessons.sights import sights
from sandseg.classes import SegmentationClass
from sandseg.predict.teaching import Painted
from sandseg.teach.painting.journal import Journal
from sandseg.teach.painting.stroke_files import read_kept, strokes_tiff
from sandseg.teach.painting.strokes import Painting
from sandseg.uploads import workspace
from sandseg.uploads.lessons import ROOM_BYTES, lesson_folder, open_folder

WAIT_S = 5.0  # for labels, before a browser asks again; a server that ends waits for it
IDLE_S = 180.0  # after which a lesson lets go of its memory


@dataclass(frozen=True, eq=False)
class Strokes:
    """What `n` events have painted: classes from 0, and (Y, X) uint8 by slice, counted from 1."""

    n: int
    classes: tuple[SegmentationClass, ...]
    values: Mapping[int, np.ndarray]


class Lesson:
    """The strokes of a lesson and all who look at them; safe to use from any thread."""

    def __init__(self, lesson_id: str, setting: Setting):
        self.id, self.setting = lesson_id, setting
        self._lock = threading.RLock()
        self._journal: Journal | None = None
        self._learner: Learner | None = None
        self._looks = Looks(setting.shape)
        self._listeners: set[Callable[[], None]] = set()
        self._used_at = time.monotonic()
        self._room = 0

    # -------------------------------------------------------------- strokes

    def add(self, events: list[Any], known: int) -> dict[str, Any]:
        """Keep events on the disk; return all the sender does not know.

        Raises:
            SandsegError: There is no room for them.
        """
        with self._lock:
            self._ask_room(len(json.dumps(events)))
            self._open()
            with workspace.writing():
                refused = self._journal.add(self._preset() + events)
            self._learner.hear(self._journal.painting)
            answer = self._since(known) | {"refused": [asdict(one) for one in refused]}
        desk.wake(self)
        return answer

    def since(self, known: int) -> dict[str, Any]:
        """Return the events after the first `known` ones."""
        with self._lock:
            self._open()
            return self._since(known)

    def bring(self, slices: Mapping[int, np.ndarray]) -> None:
        """Paint what a label file brings, as one event.

        Args:
            slices: (Y, X) uint8 by index, 0 where nothing is painted.

        Raises:
            SandsegError: There is no room, or they are of more classes than there are.
        """
        n_bytes = sum(values.size for values in slices.values()) // 8
        self._write(n_bytes, lambda journal, name: journal.add_import(name, slices))

    def accept(self, z: int, labels: np.ndarray | None) -> None:
        """Note that (Y, X) labels of a slice, 255 where none is, are right; None: no longer.

        Raises:
            SandsegError: There is no room.
        """
        values = None if labels is None else labels + np.uint8(1)  # 255 becomes 0: no class
        n_bytes = 0 if labels is None else labels.size // 8
        self._write(n_bytes, lambda journal, name: journal.accept(name, z, values))

    def _write(self, n_bytes: int, write: Callable[[Journal, str], None]) -> None:
        """Let an event with a file be written, under a new name."""
        with self._lock:
            self._ask_room(n_bytes)
            self._open()
            with workspace.writing():
                self._journal.add(self._preset())
                write(self._journal, secrets.token_urlsafe(12))
            self._learner.hear(self._journal.painting)
        desk.wake(self)

    def accepted(self) -> tuple[int, ...]:
        """Return the slices whose labels were accepted as right."""
        with self._lock:
            self._open()
            return self._painting.accepted_slices

    def shown(self, z: int) -> Whole | None:
        """Return the newest labels of a whole slice; None while there are none."""
        with self._lock:
            return self._open().whole_of(z)

    def imported(self, file: str) -> Mapping[int, np.ndarray] | None:
        """Return the slices, (Y, X) uint8 by index, that an import of a file brought."""
        with self._lock:
            self._open()
            known = self._journal.events() if self._journal else []
        if not any(event["do"] == "import" and event["file"] == file for event in known):
            return None
        return read_kept(lesson_folder(self.id) / file, self.setting.shape)

    def strokes(self) -> Strokes:
        """Return what is painted on all slices."""
        with self._lock:
            learner = self._open()
            painting = self._painting
            values = {z: painting.slice_values(z) for z in painting.painted_slices}
            return Strokes(painting.n_events, learner.classes, values)

    def taught(self) -> tuple[Taught, Mapping[int, Painted]] | None:
        """Return what was learned from the newest strokes, and those; None before it is known."""
        with self._lock:
            return self._open().known()

    def strokes_tiff(self, write: Callable = strokes_tiff) -> bytes:
        """Return what is painted, or with `accepted_tiff` what was accepted, as a label TIFF."""
        with self._lock:
            self._open()
            return write(self._painting, stack_of(self.setting.task).spacing_um)

    def _since(self, known: int) -> dict[str, Any]:
        if self._journal is None:
            return {"n": 0, "events": [], "refused": []}
        events = self._journal.events(known)
        return {"n": self._journal.n_events, "events": events, "refused": []}

    def _preset(self) -> list[dict]:
        """Return what comes before the first stroke: the classes, which are as they are then."""
        if self._journal.n_events:
            return []
        return [classes_event(self.setting.classes)]

    @property
    def _painting(self) -> Painting:
        """What is painted, once the strokes are read; nothing before the first."""
        return self._journal.painting if self._journal else Painting(self.setting.shape)

    def _open(self) -> Learner:
        """Read the strokes from the disk, where they are not in memory."""
        self._used_at = time.monotonic()
        if self._journal is None and lesson_folder(self.id).is_dir():
            with workspace.writing():
                self._journal = Journal.create(lesson_folder(self.id), self.setting.about)
            self._learner = None
        if self._learner is None:
            self._learner = Learner(self.setting, self._tell, self._values_of)
            if self._journal:
                self._learner.hear(self._journal.painting)
        return self._learner

    def _ask_room(self, n_bytes: int) -> None:
        """Look whether the visit may keep more, once for many strokes."""
        if not lesson_folder(self.id).is_dir():
            self._journal = None  # it was swept: what is in memory would not come back
        folder = open_folder(self.id)
        if n_bytes > self._room:
            workspace.require_room(folder, n_bytes + ROOM_BYTES)
            self._room = n_bytes + ROOM_BYTES
        self._room -= n_bytes

    def change(self, setting: Setting) -> None:
        """Go on with the same strokes, but with another model, or the rock treated otherwise."""
        with self._lock:
            is_same = setting == self.setting
            self.setting = setting
            if is_same or self._learner is None:
                return
            self._learner = None
            self._open()
        desk.wake(self)

    def summary(self, z: int) -> Summary:
        """Return the numbers of a slice, as far as they are known."""
        with self._lock:
            summary = self._open().summary(z)
        desk.wake(self)
        return summary

    # -------------------------------------------------------------- labels

    async def news(self, who: str, look: Look, have: int) -> bytes | None:
        """Wait for labels newer than version `have`; None where none come in time."""
        heard, loop = asyncio.Event(), asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # the server ends
                loop.call_soon_threadsafe(heard.set)

        self._listeners.add(tell)
        try:
            look = await run_in_threadpool(self._see, who, look)
            async with asyncio.timeout(WAIT_S):
                while look and (news := self._news(look, have)) is None:
                    await heard.wait()
                    heard.clear()
            return news if look else None
        except TimeoutError:
            return None
        finally:
            self._listeners.discard(tell)

    def _see(self, who: str, look: Look) -> Look | None:
        """Note what somebody looks at; None where that is nothing."""
        with self._lock:
            seen = self._looks.note(who, look)
            if seen:
                self._open().forget_but(self._looks.now)
        desk.wake(self)
        return seen

    def _news(self, look: Look, have: int) -> bytes | None:
        with self._lock:
            learner = self._open()
            piece = learner.news_for(look, have)
            return piece and piece.packed(learner.facts())

    def _values_of(self, z: int) -> np.ndarray:
        with self._lock:
            self._open()
            return self._painting.slice_values(z)

    def _tell(self) -> None:
        for tell in list(self._listeners):
            tell()

    # -------------------------------------------------------------- work

    def quick_step(self) -> Step | None:
        """Return what a painter waits for now."""
        return self._learner and self._learner.quick_step(self._looks.now)

    def slow_step(self) -> Step | None:
        """Return what takes longer, or can wait."""
        return self._learner and self._learner.slow_step(self._looks.now)

    def give_up(self) -> None:
        """A step has failed by a bug: ask for nothing more before the next stroke."""
        if self._learner:
            self._learner.give_up()

    def rest_if_idle(self) -> bool:
        """Let go of all memory where nobody looked for long; return whether that was so."""
        sights.forget_idle()
        with self._lock:
            if time.monotonic() - self._used_at < IDLE_S:
                return False
            self._journal = self._learner = None
            return True


_lessons: weakref.WeakValueDictionary[str, Lesson] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def lesson_of(lesson_id: str, setting: Setting) -> Lesson:
    """Return the one lesson of an id, as it is to be from now on."""
    with _lock:
        lesson = _lessons.get(lesson_id)
        if lesson is None:
            lesson = _lessons[lesson_id] = Lesson(lesson_id, setting)
    lesson.change(setting)
    return lesson
