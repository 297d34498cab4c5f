"""Whose files are decoded now: a fair line of visitors, in which long work gives way to new."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress

import psutil

AT_ONCE, OF_A_VISITOR = 2, 2
QUANTUM_S = 3.0  # of work, before those who wait have their turn
NICE = 5  # below the pages; as much again after each quantum
_NICEST = 15


class Turns:
    """Lets some work at a time, in the order they came; every second turn is of somebody new.

    Who works for long pauses for those who wait, and goes on from the end of the line.
    """

    def __init__(self, at_once: int = AT_ONCE, of_a_visitor: int = OF_A_VISITOR):
        self._at_once, self._of_a_visitor = at_once, of_a_visitor
        self._line: list[Turn] = []  # all that wait or work
        self._was_new = False  # whoever began last
        self._moved = threading.Condition()

    @contextmanager
    def turn(self, visitor: Hashable) -> Iterator["Turn"]:
        """Wait for a turn; it ends with the block."""
        turn = Turn(visitor, self)
        with self._moved:
            self._line.append(turn)
        try:
            self.wait_for(turn)
            yield turn
        finally:
            with self._moved:
                self._line.remove(turn)
                self._moved.notify_all()

    def wait_for(self, turn: "Turn") -> None:
        """Wait until it is this one's turn."""
        with self._moved:
            self._moved.wait_for(lambda: self._may_work(turn))
            self._was_new = not turn.has_begun
            turn.begin()
            self._moved.notify_all()

    def is_wanted(self) -> bool:
        """Whether somebody waits who could work if another one paused."""
        with self._moved:
            return any(self._is_free(turn) for turn in self._line if not turn.is_at_work)

    def give_way(self, turn: "Turn") -> None:
        """Let others work, then wait for another turn."""
        with self._moved:
            turn.is_at_work = False
            turn.n_turns += 1
            self._line.remove(turn)
            self._line.append(turn)
            self._moved.notify_all()
        self.wait_for(turn)

    def _may_work(self, turn: "Turn") -> bool:
        if sum(other.is_at_work for other in self._line) >= self._at_once:
            return False
        waiting = [other for other in self._line if not other.is_at_work and self._is_free(other)]
        new = [other for other in waiting if not other.has_begun and not self._was_new]
        return turn is next(iter(new or waiting), None)

    def _is_free(self, turn: "Turn") -> bool:
        """Whether its visitor has not begun as much as they may have at a time."""
        begun = [other for other in self._line if other.visitor == turn.visitor and other.has_begun]
        return turn.has_begun or len(begun) < self._of_a_visitor


class Turn:
    """One that waits or works."""

    def __init__(self, visitor: Hashable, turns: Turns):
        self.visitor, self._turns = visitor, turns
        self.is_at_work = self.has_begun = False
        self.n_turns = 0  # that it had
        self._began = 0.0

    def begin(self) -> None:
        """Note that it works from now on."""
        self.is_at_work = self.has_begun = True
        self._began = time.monotonic()

    def share(self, pause: Callable[[], None], go_on: Callable[[], None]) -> None:
        """Where others wait and this one has worked its time, pause it until it is its turn."""
        if time.monotonic() - self._began < QUANTUM_S or not self._turns.is_wanted():
            return
        pause()
        self._turns.give_way(self)
        go_on()


def share_process(turn: Turn, pid: int) -> None:
    """Hold a process up where others wait; call it now and then."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        turn.share(process.suspend, process.resume)
        _be_nice(process, NICE * (1 + turn.n_turns))


def _be_nice(process: psutil.Process, nice: int) -> None:
    if not psutil.WINDOWS and process.nice() < (nice := min(nice, _NICEST)):
        process.nice(nice)
