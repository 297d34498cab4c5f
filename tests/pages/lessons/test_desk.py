"""Work in turn: lessons that note what is done for them."""

import threading
import time

import pytest

from pages.lessons.desk import Desk, Step

WAIT_S = 10


class Work:
    """A lesson that needs some steps done, and notes when they were."""

    def __init__(self, notes, name, quick=(), slow=()):
        self.notes, self.name = notes, name
        self.waiting = {"quick": list(quick), "slow": list(slow)}
        self.is_done = threading.Event()

    def quick_step(self):
        return self._next("quick")

    def slow_step(self):
        return self._next("slow")

    def _next(self, kind):
        found = self.waiting[kind]
        return Step(lambda: self._do(kind), found[0][0]) if found else None

    def _do(self, kind):
        _, work = self.waiting[kind].pop(0)
        work()
        self.notes.append(self.name)
        if not any(self.waiting.values()):
            self.is_done.set()

    def give_up(self):
        self.waiting = {"quick": [], "slow": []}
        self.notes.append(f"{self.name} gives up")

    def rest_if_idle(self):
        return False


@pytest.fixture
def desk():
    return Desk()


def nap():
    time.sleep(0.01)


def test_lessons_are_served_in_turn(desk):
    notes, gate = [], threading.Event()
    first = Work(notes, "gate", quick=[(0, gate.wait)])
    others = [Work(notes, name, quick=[(0, nap)] * 3) for name in "ab"]
    for one in (first, *others):
        desk.wake(one)
    gate.set()

    assert all(one.is_done.wait(WAIT_S) for one in others)
    assert notes == ["gate", *"ababab"]


def test_what_can_wait_comes_last(desk):
    notes, gate = [], threading.Event()
    first = Work(notes, "gate", slow=[(0, gate.wait)])
    patient, urgent = Work(notes, "later", slow=[(2, nap)]), Work(notes, "now", slow=[(1, nap)])
    for one in (first, patient, urgent):
        desk.wake(one)
    gate.set()

    assert patient.is_done.wait(WAIT_S)
    assert notes == ["gate", "now", "later"]


def test_a_bug_in_one_lesson_stops_no_other(desk):
    notes = []
    broken, sound = Work(notes, "broken", quick=[(0, lambda: 1 / 0)]), Work([], "sound")
    desk.wake(broken)
    sound.waiting["quick"] = [(0, nap)]
    desk.wake(sound)

    assert sound.is_done.wait(WAIT_S)
    assert notes == ["broken gives up"]


def test_slow_work_steps_aside_while_somebody_waits(desk):
    notes, gate = [], threading.Event()

    def slow():
        gate.wait(WAIT_S)
        time.sleep(0.05)  # by now the quick work is begun
        desk.step_aside()

    desk.wake(Work(notes, "slow", slow=[(0, slow)]))
    quick = Work(notes, "quick", quick=[(0, lambda: (gate.set(), time.sleep(0.2)))])
    desk.wake(quick)

    assert quick.is_done.wait(WAIT_S)
    assert notes == ["quick"]
