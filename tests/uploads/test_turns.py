import threading
import time

import pytest

from sandseg.uploads import turns
from sandseg.uploads.turns import Turns


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class Worker(threading.Thread):
    """Works until it is told to end; shares its turn all the time, as the real one does."""

    def __init__(self, line, visitor):
        super().__init__(daemon=True)
        self.line, self.visitor = line, visitor
        self.is_at_work, self.may_end = False, threading.Event()
        self.seconds = 0.0
        self.start()

    def run(self):
        with self.line.turn(self.visitor) as turn:
            self.is_at_work = True
            while not self.may_end.wait(0.005):
                self.seconds += 0.005
                turn.share(self._pause, self._go_on)
            self.is_at_work = False

    def _pause(self):
        self.is_at_work = False

    def _go_on(self):
        self.is_at_work = True

    def end(self):
        self.may_end.set()
        self.join(20)
        assert not self.is_alive()


@pytest.fixture
def line():
    return Turns(at_once=2, of_a_visitor=2)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(turns, "QUANTUM_S", 0.05)


def at_work(workers):
    return [worker for worker in workers if worker.is_at_work]


def test_only_so_many_work_at_a_time_and_all_are_served(line):
    workers = [Worker(line, visitor) for visitor in range(5)]
    wait_for(lambda: len(at_work(workers)) == 2)
    for _ in range(5):
        wait_for(lambda: at_work(workers))
        assert len(at_work(workers)) <= 2
        at_work(workers)[0].end()
    assert not any(worker.is_alive() for worker in workers)


def test_a_visitor_with_many_files_begins_two_at_a_time(line, quick):
    greedy = [Worker(line, "greedy") for _ in range(4)]
    wait_for(lambda: len(at_work(greedy)) == 2)
    begun = at_work(greedy)
    other = Worker(line, "other")

    wait_for(lambda: other.is_at_work)
    other.end()
    assert sum(worker.seconds > 0 for worker in greedy) == 2
    begun[0].end()
    wait_for(lambda: sum(worker.seconds > 0 for worker in greedy) == 3)
    for worker in greedy:
        worker.may_end.set()
    for worker in greedy:
        worker.end()


def test_a_small_file_does_not_wait_for_the_large_ones_of_others(line, quick):
    large = [Worker(line, visitor) for visitor in range(4)]
    wait_for(lambda: all(worker.seconds > 0.1 for worker in large))

    small = Worker(line, "student")
    wait_for(lambda: small.is_at_work)
    small.end()  # while all of the large ones still want to work
    seconds = [worker.seconds for worker in large]
    wait_for(lambda: all(w.seconds > s for w, s in zip(large, seconds, strict=True)))
    for worker in large:
        worker.end()


def test_a_large_file_goes_on_however_many_small_ones_come(line, quick):
    large = Worker(line, "large")
    wait_for(lambda: large.seconds > 0.05)
    small = [Worker(line, visitor) for visitor in range(8)]
    seconds = large.seconds

    wait_for(lambda: large.seconds > seconds + 0.2)

    for worker in [large, *small]:
        worker.end()


def test_who_is_alone_is_never_held_up(line, quick):
    worker = Worker(line, "visitor")
    wait_for(lambda: worker.seconds > 0.2)
    assert worker.is_at_work
    worker.end()


def test_whoever_fails_makes_room(line):
    for _ in range(5):
        with pytest.raises(OSError, match="broken"), line.turn("visitor"):
            raise OSError("broken")
    worker = Worker(line, "visitor")
    wait_for(lambda: worker.is_at_work)
    worker.end()
