"""Where the work of all lessons is done: one thread for what is waited for, one for the rest.

Nothing is queued. A lesson that is woken says what it needs most at the moment its turn comes, so
what was overtaken by a newer stroke is never begun. Whoever was served goes to the end of the line.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

LOOK_S = 15.0  # how often lessons are looked at that nobody wakes
PAUSE_S = 0.004  # how long slow work steps aside at a time for what somebody waits for
_log = logging.getLogger(__name__)
MOST_PAUSE_S = 3.0  # altogether, in one piece of work: it must end some time


class Step(NamedTuple):
    """A piece of work: what to call, and how long it can wait (0: least)."""

    work: Callable[[], None]
    patience: int = 0


class Pupil(Protocol):
    """What has work to be done; both are called by one thread at a time, and may not block."""

    def quick_step(self) -> Step | None:
        """Return what a painter waits for now."""

    def slow_step(self) -> Step | None:
        """Return what takes longer, or can wait."""

    def rest_if_idle(self) -> bool:
        """Let go of all memory where nobody looked for long; return whether that was so."""

    def give_up(self) -> None:
        """A step has failed by a bug: ask for nothing more before the next stroke."""


class Desk:
    """Serves lessons in turn."""

    def __init__(self):
        self._pupils: deque[Pupil] = deque()
        self._woken = threading.Condition()
        self._n_quick = 0
        self._is_started = False

    def wake(self, pupil: Pupil) -> None:
        """Look at what a lesson needs."""
        with self._woken:
            if pupil not in self._pupils:
                self._pupils.append(pupil)
            self._start()
            self._woken.notify_all()

    def step_aside(self) -> None:
        """Wait a moment while somebody waits for quick work: for slow work to call in between."""
        end = time.monotonic() + MOST_PAUSE_S
        while self._n_quick and time.monotonic() < end:
            time.sleep(PAUSE_S)

    def _start(self) -> None:
        if self._is_started:
            return
        self._is_started = True
        for name, ask in (("quick", _quick), ("slow", _slow)):
            threading.Thread(
                target=self._serve, args=(ask, name == "quick"), name=f"teach-{name}", daemon=True
            ).start()

    def _serve(self, ask: Callable[[Pupil], Step | None], is_quick: bool) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="teach") as hands:
            while True:
                pupil, step = self._next(ask, is_quick)
                try:
                    error = hands.submit(step.work).exception()
                except RuntimeError:  # the process ends, and takes no more work
                    return
                if error:  # a bug: it is reported, and all other lessons go on
                    _log.error("A lesson failed.", exc_info=error)
                    pupil.give_up()
                with self._woken:
                    self._n_quick -= is_quick
                    self._woken.notify_all()

    def _next(self, ask: Callable[[Pupil], Step | None], is_quick: bool) -> tuple[Pupil, Step]:
        with self._woken:
            while True:
                found = [(ask(pupil), pupil) for pupil in self._pupils]
                found = [(step, pupil) for step, pupil in found if step]
                if found:
                    step, pupil = min(found, key=lambda one: one[0].patience)  # the first of equals
                    self._pupils.remove(pupil)
                    self._pupils.append(pupil)
                    self._n_quick += is_quick
                    return pupil, step
                if not self._woken.wait(LOOK_S):
                    self._send_home()

    def _send_home(self) -> None:
        for pupil in list(self._pupils):
            if pupil.rest_if_idle():
                self._pupils.remove(pupil)


def _quick(pupil: Pupil) -> Step | None:
    return pupil.quick_step()


def _slow(pupil: Pupil) -> Step | None:
    return pupil.slow_step()


desk = Desk()
