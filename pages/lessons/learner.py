"""Learns from the strokes of one lesson, and answers the slices that somebody looks at.

Each step works on what the lesson is at that moment; what a newer stroke has overtaken is not kept.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from pages.components.painting.tickets import Look
from pages.lessons import learning
from pages.lessons.answers import Answers
from pages.lessons.desk import Step, desk
from pages.lessons.gathered import Gathered
from pages.lessons.lead import Lead
from pages.lessons.learning import Overtaken, Piece, Summary, Taught, Whole, numbered
from pages.lessons.setting import Setting
from pages.lessons.sights import sights
from sandseg.errors import SandsegError
from sandseg.predict.teaching import Painted, score_of
from sandseg.teach.learning.held_back import HeldBackScore
from sandseg.teach.painting.strokes import Painting

FEATURES, WHOLE, SCORE, NEXT, SCOUT = range(5)  # how long each can wait


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
        self.n = -1  # events heard of
        self.classes = setting.classes
        self.gathered = Gathered(self.task)
        self.taught: Taught | None = None
        self.taught_n = -2 if self.gathered.before else -1  # events that were learned from
        self.is_early = False  # some of them by glimpses alone
        self.answers = Answers()
        self.refusal: SandsegError | None = None
        self.score: HeldBackScore | None = None
        self.lead = Lead(self.task, setting.shape[0])
        self._scored: Taught | None = None  # what the score is of

    # -------------------------------------------------------------- news from the strokes

    def hear(self, painting: Painting) -> None:
        """Note what was painted on since."""
        with self.lock:
            if painting.n_events == self.n:
                return
            n, known = self.n, (self.classes, self.refusal)
            self.n = painting.n_events
            self.classes = numbered(painting.classes or self.setting.classes)
            self.refusal = None
            if not self.gathered.note(painting) and known == (self.classes, None):
                self._go_on_from(n)

    def _go_on_from(self, n: int) -> None:
        """What was learned from the first n events is what all teach: nothing was painted since."""
        if self.taught_n != n or self.is_early:
            return
        old, self.taught_n = self.taught, self.n
        self.taught = old and replace(old, n=self.n)
        self.answers.go_on(old, self.taught)
        if self._scored is old:
            self._scored = self.taught
        self.answers.tell_again()  # of the events themselves
        self.publish()

    def give_up(self) -> None:
        """Ask for nothing more before the next stroke."""
        with self.lock:
            self.gathered.forget_todo()
            self.taught_n, self.taught, self.is_early = self.n, None, False
            self.refusal = SandsegError(
                "Nothing can be learned from these strokes.",
                hint="Undo the last one; the server's log has the reason.",
            )
        self.publish()

    # -------------------------------------------------------------- what comes next

    def quick_step(self, looks: Collection[Look]) -> Step | None:
        """Return what somebody waits for, if it can be done at once."""
        with self.lock:
            is_old = self.taught_n != self.n or self.is_early
            if is_old and (step := self._learning_step(looks)):
                return step
            for look in looks:
                if self._wants(look):
                    return Step(partial(self._answer_part, look))
            return None

    def _learning_step(self, looks: Collection[Look]) -> Step | None:
        """Return what leads to newer labels: to learn, or to gather what is learned from."""
        if self.gathered.is_at_hand:
            return Step(self._learn)
        if any(sights.find(self.task, z) for z in self.gathered.todo):
            return Step(self.gathered.gather)  # what is at hand now may not be for long
        if self.refusal:
            return None
        for z in self.gathered.unseen():
            return Step(partial(self._begin, z, looks))
        is_new = self.taught_n != self.n and self.gathered.all_painted() is not None
        return Step(self._learn) if is_new else None

    def _wants(self, look: Look) -> bool:
        """Whether what somebody sees can be answered, or better than it was."""
        if self.taught_n < 0 and not self.taught:
            return False
        if whole := self._whole_of(look):
            return look.is_sure and not whole.sure
        n_parts = sights.n_parts(self.task, look) if self.taught else 0
        known = self.answers.piece_of(look)
        if known and known.n == self.taught_n and known.of is self.taught:
            return n_parts != known.n_parts
        return n_parts > 0 or not self.taught

    def slow_step(self, looks: Collection[Look]) -> Step | None:
        """Return what takes longer."""
        seen = [look for look in looks if look.axis == "z"]
        with self.lock:
            for z in [*(look.z for look in seen), *self.gathered.todo]:
                if not self.refusal and not sights.find(self.task, z):
                    return Step(partial(self._see_all, z), FEATURES)
            if not self.is_taught:
                return None
            for look in seen:
                if not self._whole_of(look):
                    is_sure = any(one.z == look.z and one.is_sure for one in seen)
                    return Step(partial(self._answer, look.z, is_sure), WHOLE)
            if self._scored is not self.taught:
                return Step(self._score, SCORE)
            if self.lead.is_old(self.taught):
                return Step(self._find_next, NEXT)
            z = self.lead.next_slice() if looks else None
            return None if z is None else Step(partial(self.lead.scout, z), SCOUT)

    # -------------------------------------------------------------- what is told

    @property
    def is_taught(self) -> bool:
        """Whether all strokes are learned from, as the command line would."""
        return bool(self.taught) and self.taught.n == self.n and not self.is_early

    def whole_of(self, z: int) -> Whole | None:
        """Return the answer of a slice, if it is of the newest strokes."""
        return self._whole_of(Look(z, (0, 0, 0, 0)))

    def _whole_of(self, look: Look) -> Whole | None:
        """Return the answer of the slice that is seen, if it is of the newest strokes."""
        return self.answers.whole_of(look, self.taught)

    def news_for(self, look: Look, have: int) -> Piece | None:
        """Return the newest labels for what somebody sees, if they have older ones."""
        with self.lock:
            return self.answers.newest(look, self.taught, have)

    def forget_but(self, looks: Collection[Look]) -> None:
        """Let go of what was made for those who look elsewhere now."""
        with self.lock:
            self.answers.forget_but(looks)

    def known(self) -> tuple[Taught, Mapping[int, Painted]] | None:
        """Return what was learned from the newest strokes, and those; None before it is known.

        Raises:
            SandsegError: Nothing can be learned from them.
        """
        with self.lock:
            if self.refusal:
                raise self.refusal
            return (self.taught, self.gathered.painted) if self.is_taught else None

    def facts(self) -> dict[str, object]:
        """Return what goes to browsers beside the labels."""
        place = self.lead.place
        next_place = place and {"z": place.z, "y": place.y, "x": place.x}
        return {"n": self.n, "next": next_place, "score": self.score and self.score.meaning}

    def summary(self, z: int) -> Summary:
        """Return the numbers of a slice."""
        with self.lock:
            n_classes, found = len(self.classes), self.whole_of(z)
            strokes, pixels = self.gathered.counts(n_classes)
            return Summary(
                self.classes,
                tuple(strokes.tolist()),
                tuple(pixels.tolist()),
                found and found.phases,
                self.refusal,
                self.score if self.taught else None,
                self.is_taught,
                self.gathered.before.words,
            )

    # -------------------------------------------------------------- the steps

    def _see(self, see: Callable[[], object]) -> None:
        """See what a slice shows; say it where that cannot be."""
        try:
            see()
        except SandsegError as error:
            with self.lock:
                self.refusal = error
            self.publish()

    def _see_all(self, z: int) -> None:
        desk.step_aside()
        self._see(partial(sights.make, self.task, z))

    def _begin(self, z: int, looks: Collection[Look]) -> None:
        """See what is painted on a slice, and go on to labels: ten who begin wait in one line."""
        self._see(partial(self.gathered.glance, z))
        if not self.gathered.unseen():
            self._learn()
            for look in filter(self._wants, looks):
                self._answer_part(look)

    def _learn(self) -> None:
        with self.lock:
            n, classes = self.n, self.classes
        self.gathered.gather()
        with self.lock:
            found = self.gathered.all_painted() if self.n == n else None
        if found is None:  # there is a newer stroke, or others needed the room: it comes again
            return
        taught, refusal = None, None
        try:
            taught = self.gathered.before.learn(found[0], classes, n, self.setting.n_corrected)
        except SandsegError as error:
            refusal = error
        with self.lock:
            self.taught, self.taught_n, self.is_early = taught, n, found[1]
            self.refusal = None if self.is_early else refusal
        self.publish()

    def _answer_part(self, look: Look) -> None:
        """Answer what somebody sees as far as is quick, or add to what they have how sure it is."""
        with self.lock:
            taught, n, is_early = self.taught, self.taught_n, self.is_early
            whole = self._whole_of(look)
        piece = Piece(0, n, look)
        if whole:
            whole = whole.with_sure()
        elif taught and look.axis != "z":
            piece = learning.plane_piece(sights.all_known(self.task), taught, look)
        elif taught and (known := sights.known(self.task, look.z)):
            piece = learning.coarse_piece(known, taught, look)
        with self.lock:
            if whole:
                self.answers.keep_whole(look.z, whole)
            else:
                self.answers.keep_piece(look, replace(piece, is_early=is_early))
        self.publish()

    def _answer(self, z: int, is_sure: bool) -> None:
        with self.lock:
            taught = self.taught
        sight = sights.find(self.task, z)
        if taught is None or sight is None:
            return
        with suppress(Overtaken):
            found = learning.whole(sight, taught, partial(self._check, taught.n))
            found = found.with_sure() if is_sure else found
            with self.lock:
                self.answers.keep_whole(z, found)
            self.publish()

    def _score(self) -> None:
        with self.lock:
            taught, painted = self.taught, self.gathered.painted
        if taught is None:
            return
        try:
            score = score_of(self.gathered.before.joined_with(painted), taught.classifier)
        except SandsegError:
            score = None  # without one, nothing is claimed
        with self.lock:
            self.score, self._scored = score, taught
            self.answers.tell_again()
        self.publish()

    def _find_next(self) -> None:
        with self.lock:
            taught = self.taught
        if taught and self.lead.find(taught, self.values_of):
            with self.lock:
                self.answers.tell_again()
            self.publish()

    def _check(self, n: int) -> None:
        """Let others have a turn; end where something newer was painted."""
        desk.step_aside()
        if self.n != n:
            raise Overtaken
