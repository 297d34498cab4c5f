import threading
import time
from functools import partial

import pytest

from pages.cache import fair_line
from pages.cache.fair_line import FairLine
from pages.cache.store import Store


class Shared:
    """A store whose results are all made in one line."""

    def __init__(self):
        self.line, self.store = FairLine(), Store()

    @property
    def n_waiting(self):
        return self.line.n_waiting

    def get(self, key, make, on_wait=lambda *_: None):
        return self.store.get(key, make, line=self.line, on_wait=on_wait)


def shared():
    return Shared()


def wait_until(is_true, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Line:
    """Askers who come one after the other while the first one's computation is held up."""

    def __init__(self, results):
        self.results, self.gate, self.served, self.threads = results, threading.Event(), [], []

    def ask(self, key, is_held=False, on_wait=lambda *_: None):
        def compute():
            if is_held:
                assert self.gate.wait(10)
            self.served.append(key)
            return str(key)

        n_before = self.results.n_waiting
        thread = threading.Thread(target=lambda: self.results.get(key, compute, on_wait))
        thread.start()
        self.threads.append(thread)
        wait_until(lambda: self.results.n_waiting == n_before + 1)

    def finish(self):
        self.gate.set()
        for thread in self.threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self.threads)


def test_thirty_who_ask_at_once_are_served_in_the_order_they_came():
    line = Line(shared())

    for key in range(30):
        line.ask(key, is_held=key == 0)
    line.finish()

    assert line.served == list(range(30))
    assert line.results.n_waiting == 0


def test_thirty_who_ask_for_the_same_cost_one_computation():
    line = Line(shared())

    for _ in range(30):
        line.ask("slice", is_held=True)
    line.finish()

    assert line.served == ["slice"]


def test_a_known_result_is_handed_out_past_the_line():
    line = Line(shared())
    line.results.get("known", lambda: "known")
    line.ask("slow", is_held=True)

    assert line.results.get("known", pytest.fail) == "known"
    line.finish()


def test_who_waits_hears_how_many_are_before_them_and_how_long_it_takes():
    line, heard = Line(shared()), []
    line.ask("a", is_held=True)
    line.ask("b")
    line.ask("c", on_wait=lambda *told: heard.append(told))

    wait_until(lambda: heard)
    line.finish()

    position, seconds = heard[0]
    assert position == 2
    assert seconds > 0


def test_who_leaves_the_line_holds_up_nobody():
    line = Line(shared())
    line.ask("a", is_held=True)

    def leave(*_):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        line.results.get("b", pytest.fail, leave)
    line.ask("c")
    line.finish()

    assert line.served == ["a", "c"]


def test_a_failed_computation_reaches_the_asker_and_the_next_tries_again():
    results = shared()

    with pytest.raises(ValueError, match="broken"):
        results.get("a", lambda: (_ for _ in ()).throw(ValueError("broken")))

    assert results.get("a", lambda: "fine") == "fine"


def in_three_parts(results, served, go_on, key):
    """What gives way to others after each of its parts, once it may begin."""

    def compute():
        assert go_on.wait(10)
        for part in range(3):
            served.append(f"{key}{part}")
            results.line.give_way()
        return key

    return compute


def test_a_long_turn_lets_others_go_first_and_is_then_finished(monkeypatch):
    monkeypatch.setattr(fair_line, "LONG_S", 0.0)
    results, served, go_on, threads = shared(), [], threading.Event(), []
    long = partial(in_three_parts, results, served, go_on)

    def short(key):
        return lambda: served.append(key) or key

    for n, (key, compute) in enumerate(
        [("a", long("a")), ("a", pytest.fail), ("b", short("b")), ("c", short("c"))]
    ):
        threads.append(threading.Thread(target=results.get, args=(key, compute)))
        threads[-1].start()
        wait_until(lambda n=n: results.n_waiting == n + 1)
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert served == ["a0", "b", "c", "a1", "a2"]  # whoever asked for the same waited for it
    assert results.n_waiting == 0


def test_two_long_turns_take_turns(monkeypatch):
    monkeypatch.setattr(fair_line, "LONG_S", 0.0)
    results, served, go_on, threads = shared(), [], threading.Event(), []
    long = partial(in_three_parts, results, served, go_on)

    for n, key in enumerate("ab"):
        threads.append(threading.Thread(target=results.get, args=(key, long(key))))
        threads[-1].start()
        wait_until(lambda n=n: results.n_waiting == n + 1)
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert served == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_a_short_turn_lets_nobody_go_first():
    results, served, go_on, threads = shared(), [], threading.Event(), []

    def compute():
        assert go_on.wait(10)
        results.line.give_way()
        served.append("a")

    for n, (key, make) in enumerate([("a", compute), ("b", lambda: served.append("b"))]):
        threads.append(threading.Thread(target=results.get, args=(key, make)))
        threads[-1].start()
        wait_until(lambda n=n: results.n_waiting == n + 1)
    go_on.set()
    for thread in threads:
        thread.join(10)

    assert served == ["a", "b"]
