"""Learns from the strokes of one lesson, and answers the slices that somebody looks at.

Each step works on what the lesson is at that moment; what a newer stroke has overtaken is not kept.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pages.components.painting.tickets import Look
from pages.teaching import learning
from pages.teaching.desk import Step, desk
from pages.teaching.earlier import Before
from pages.teaching.learning import Piece, Taught, Whole
from pages.teaching.setting import Setting
from pages.teaching.sights import sights
from sandseg.classes import SegmentationClass
from sandseg.errors import SandsegError
from sandseg.measure.composition import Composition
from sandseg.predict.teaching import Painted, gather, score_of
from sandseg.teach.learning.held_back import HeldBackScore
from sandseg.teach.learning.where_next import Place
from sandseg.teach.painting.strokes import Painting

FEATURES, WHOLE, SCORE, NEXT = range(4)  # how long each can wait
N_WHOLE = 2  # slices whose answer is kept in full


class Overtaken(Exception):  # noqa: N818 - it is none
    """Something newer was painted: the work at hand is not needed any more."""


@dataclass(frozen=True, eq=False)
class Summary:
    """A lesson in numbers, for one slice.

    `n_strokes` and `n_pixels` (C,) are painted in each class, on all slices; `phases` is what the
    slice is made of, None until all of it is answered; `refusal` says why nothing was learned,
    `known` what the model was taught before.
    """

    classes: tuple[SegmentationClass, ...]
    n_strokes: tuple[int, ...]
    n_pixels: tuple[int, ...]
    phases: Composition | None = None
    refusal: SandsegError | None = None
    score: HeldBackScore | None = None
    known: str = ""


class Learner:
    """What is known of a lesson beside its strokes; safe to use from any thread.

    `publish` is called without arguments when there is news; `values_of` gives what is painted on a
    slice, (Y, X) uint8.
    """

    def __init__(
        self,
        setting: Setting,
        publish: Callable[[], None],
        values_of: Callable[[int], np.ndarray],
    ):
        self.setting, self.task, self.publish = setting, setting.task, publish
        self.values_of = values_of
        self.lock = threading.RLock()
        self.before = Before(self.task)
        self.n = -1  # events heard of
        self.classes = setting.classes
        self.todo: dict[int, tuple[int, object]] = {}  # painted on since: digest and values
        self.painted: dict[int, Painted] = {}
        self.digests: dict[int, int] = {}  # of what is painted, by slice
        self.taught: Taught | None = None
        self.taught_n = -2 if self.before else -1  # events that were learned from
        self.pieces: dict[Look, Piece] = {}
        self.wholes: dict[int, Whole] = {}
        self.refusal: SandsegError | None = None
        self.score: HeldBackScore | None = None
        self.next_place: Place | None = None
        self._scored_n = self._next_n = -1  # events that score and place are of
        self._version = 0

    # -------------------------------------------------------------- news from the strokes

    def hear(self, painting: Painting) -> None:
        """Note what was painted on since."""
        with self.lock:
            if painting.n_events == self.n:
                return
            before, classes = self.n, self.classes
            self.n, self.classes = painting.n_events, self._labels(painting)
            was_refused, self.refusal = bool(self.refusal), None
            shown = set(painting.painted_slices)
            for z in shown:
                values = painting.slice_values(z)
                digest = learning.digest_of(values)
                self.todo.pop(z, None)
                if self.digests.get(z) != digest:
                    self.todo[z] = digest, values.copy()
            erased = [z for z in {*self.todo, *self.painted} if z not in shown]
            for gone in erased:
                for known in (self.todo, self.painted, self.digests):
                    known.pop(gone, None)
            if not (self.todo or erased or was_refused or classes != self.classes):
                self._go_on_from(before)

    def _go_on_from(self, before: int) -> None:
        """What was learned from the events before is what these teach: nothing was painted."""
        of = {before: self.n}
        if self.taught_n != before:
            return
        self.taught_n = self.n
        self.taught = self.taught and replace(self.taught, n=self.n)
        self._scored_n, self._next_n = (of.get(n, n) for n in (self._scored_n, self._next_n))
        for known in (self.wholes, self.pieces):
            known.update({key: replace(one, n=of.get(one.n, one.n)) for key, one in known.items()})
        self._tell_again()  # of the events themselves
        self.publish()

    def _labels(self, painting: Painting) -> tuple[SegmentationClass, ...]:
        """Return the classes as labels count them: from 0, where strokes count from 1."""
        classes = painting.classes or self.setting.classes
        return tuple(replace(one, value=value) for value, one in enumerate(classes))

    @property
    def n_corrected(self) -> int:
        """How many of the network's own classes its answer is the start of; 0 without."""
        return self.before.n_network_classes if self.setting.is_correction else 0

    def give_up(self) -> None:
        """Ask for nothing more before the next stroke."""
        with self.lock:
            self.todo.clear()
            self.taught_n, self.taught = self.n, None
            self.refusal = SandsegError(
                "Nothing can be learned from these strokes.",
                hint="Undo the last one; the server's log has the reason.",
            )
        self.publish()

    # -------------------------------------------------------------- what comes next

    def quick_step(self, looks: Collection[Look]) -> Step | None:
        """Return what somebody waits for, if it can be done at once."""
        with self.lock:
            if self.taught_n != self.n:
                if all(sights.find(self.task, z) for z in self.todo):
                    return Step(self._learn)
                return None
            for look in looks:
                known = self.pieces.get(look)
                if known and known.n == self.taught_n or self.whole_of(look.z):
                    continue
                if not self.taught or sights.find(self.task, look.z):
                    return Step(partial(self._answer_coarsely, look))
            return None

    def slow_step(self, looks: Collection[Look]) -> Step | None:
        """Return what takes longer."""
        with self.lock:
            for z in [*self.todo, *(look.z for look in looks)]:
                if not self.refusal and not sights.find(self.task, z):
                    return Step(partial(self._see, z), FEATURES)
            if not self.taught or self.taught_n != self.n:
                return None
            for look in looks:
                if not self.whole_of(look.z):
                    return Step(partial(self._answer, look.z), WHOLE)
            if self._scored_n != self.taught_n:
                return Step(self._score, SCORE)
            if self._next_n != self.taught_n:
                return Step(self._find_next, NEXT)
            return None

    def whole_of(self, z: int) -> Whole | None:
        """Return the answer of a slice, if it is of the newest strokes."""
        found = self.wholes.get(z)
        return found if found and self.taught and found.n == self.taught_n else None

    def news_for(self, look: Look, have: int) -> Piece | None:
        """Return the newest labels for what somebody sees, if they have older ones."""
        with self.lock:
            found = self.whole_of(look.z)
            if found:
                height, width = found.found.labels.shape
                box = (0, 0, width, height)
                piece = Piece(found.version, found.n, look.z, box, 1, is_whole=True, png=found.png)
            else:
                piece = self.pieces.get(look)
            return piece if piece and piece.version > have else None

    def forget_but(self, looks: Collection[Look]) -> None:
        """Let go of what was made for those who look elsewhere now."""
        with self.lock:
            self.pieces = {look: piece for look, piece in self.pieces.items() if look in looks}

    def known(self) -> tuple[Taught, Mapping[int, Painted]] | None:
        """Return what was learned from the newest strokes, and those; None before it is known.

        Raises:
            SandsegError: Nothing can be learned from them.
        """
        with self.lock:
            if self.refusal:
                raise self.refusal
            is_new = self.taught and self.taught.n == self.n
            return (self.taught, dict(self.painted)) if is_new else None

    def facts(self, z: int) -> dict[str, object]:  # noqa: ARG002 - those of a slice will come
        """Return what goes to browsers beside the labels of a slice."""
        place = self.next_place
        next_place = place and {"z": place.z, "y": place.y, "x": place.x}
        return {"n": self.n, "next": next_place, "score": self.score and self.score.meaning}

    def summary(self, z: int) -> Summary:
        """Return the numbers of a slice."""
        with self.lock:
            n_classes, found = len(self.classes), self.whole_of(z)
            strokes, pixels = np.zeros((2, n_classes), int)
            for painted in self.painted.values():
                counts = painted.counts(n_classes)
                strokes += counts[0]
                pixels += counts[1]
            phases = found and found.phases
            counts = tuple(strokes.tolist()), tuple(pixels.tolist())
            score = self.score if self.taught else None
            words = self.before.words
            return Summary(self.classes, *counts, phases, self.refusal, score, words)

    # -------------------------------------------------------------- the steps

    def _see(self, z: int) -> None:
        try:
            sights.make(self.task, z)
        except SandsegError as error:
            with self.lock:
                self.refusal = error
            self.publish()

    def _learn(self) -> None:
        with self.lock:
            n, classes, todo = self.n, self.classes, dict(self.todo)
        fresh = {}
        for z, (digest, values) in todo.items():
            sight = sights.find(self.task, z)
            if sight is None:  # others needed the room: it is made again
                return
            fresh[z] = gather(sight, self.before.under(z, values)), digest
        with self.lock:
            for z, (painted, digest) in fresh.items():
                self.painted[z], self.digests[z] = painted, digest
            self.todo = {z: one for z, one in self.todo.items() if one[0] != self.digests.get(z)}
            painted = dict(self.painted)
        try:
            taught, refusal = self._taught(painted, classes, n), None
        except SandsegError as error:
            taught, refusal = None, error
        with self.lock:
            self.taught, self.taught_n, self.refusal = taught, n, refusal
        self.publish()

    def _taught(
        self, painted: Mapping[int, Painted], classes: tuple[SegmentationClass, ...], n: int
    ) -> Taught | None:
        """Learn from all strokes; with none of this lesson, the model is as it was."""
        self.before.check(classes)
        if self.before and not painted:
            return Taught(n, self.before.classifier, classes)
        return learning.learn(self.before.joined_with(painted), classes, n, self.n_corrected)

    def _answer_coarsely(self, look: Look) -> None:
        with self.lock:
            taught, n = self.taught, self.taught_n
        sight = taught and sights.find(self.task, look.z)
        png, step = learning.coarse_piece(sight, taught, look.box) if sight else (b"", 1)
        with self.lock:
            self.pieces[look] = Piece(self._next_version(), n, look.z, look.box, step, png=png)
        self.publish()

    def _answer(self, z: int) -> None:
        with self.lock:
            taught = self.taught
        sight = sights.find(self.task, z)
        if taught is None or sight is None:
            return
        with suppress(Overtaken):
            found = learning.whole(sight, taught, partial(self._check, taught.n))
            with self.lock:
                self.wholes.pop(z, None)
                self.wholes[z] = replace(found, version=self._next_version())
                for old in list(self.wholes)[:-N_WHOLE]:
                    del self.wholes[old]
            self.publish()

    def _score(self) -> None:
        with self.lock:
            taught, painted = self.taught, dict(self.painted)
        if taught is None:
            return
        try:
            score = score_of(self.before.joined_with(painted), taught.classifier)
        except SandsegError:
            score = None  # without one, nothing is claimed
        with self.lock:
            self.score, self._scored_n = score, taught.n
            self._tell_again()
        self.publish()

    def _find_next(self) -> None:
        with self.lock:
            taught, known = self.taught, sights.at_hand(self.task)
        if taught is None:
            return
        slices = {z: (sight, self.values_of(z)) for z, sight in known.items()}
        place = learning.next_place(taught, slices)
        with self.lock:
            self.next_place, self._next_n = place, taught.n
            self._tell_again()
        self.publish()

    def _tell_again(self) -> None:
        """Let what goes beside the labels reach those who have the labels already."""
        for z, found in self.wholes.items():
            self.wholes[z] = replace(found, version=self._next_version())

    def _check(self, n: int) -> None:
        """Let others have a turn; end where something newer was painted."""
        desk.step_aside()
        if self.n != n:
            raise Overtaken

    def _next_version(self) -> int:
        """Return a number above all before, also those of a server since restarted."""
        self._version = max(self._version + 1, int(1000 * time.time()))
        return self._version
