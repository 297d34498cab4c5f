"""What is kept for all visitors: made once, the same for everybody, bounded."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from pages.cache.store import LEAST_BYTES, Shelf, kept, size_of

KB = 1024


@dataclass(frozen=True)
class Picture:
    grey: bytes
    labels: np.ndarray
    title: str = "of no weight"


def test_thirty_who_ask_at_once_cost_one_computation():
    n_made, gate, results = [], threading.Event(), []

    @kept()
    def make(z):
        n_made.append(z)
        assert gate.wait(10)
        return [z]

    threads = [threading.Thread(target=lambda: results.append(make(7))) for _ in range(30)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(10)

    assert n_made == [7]
    assert len(results) == 30
    assert all(result is results[0] for result in results)


def test_who_asks_for_something_else_does_not_wait():
    gate, shelf = threading.Event(), Shelf(KB * KB)
    slow = threading.Thread(target=lambda: shelf.get("slow", lambda: gate.wait(10)))
    slow.start()

    assert shelf.get("quick", lambda: 1) == 1

    gate.set()
    slow.join(10)
    assert not slow.is_alive()


def test_what_was_asked_for_the_longest_ago_makes_room():
    shelf = Shelf(10 * KB)
    for key in "abc":
        shelf.get(key, lambda: bytes(3 * KB))
    shelf.get("a", pytest.fail)

    shelf.get("d", lambda: bytes(3 * KB))

    assert shelf.n_bytes == 9 * KB
    shelf.get("a", pytest.fail)
    assert shelf.get("b", lambda: "made anew") == "made anew"


def test_what_is_larger_than_all_room_is_handed_out_and_not_kept():
    shelf = Shelf(2 * KB)

    assert len(shelf.get("large", lambda: bytes(5 * KB))) == 5 * KB

    assert shelf.n_bytes == 0


def test_results_without_weight_are_bounded_too():
    shelf = Shelf(10 * LEAST_BYTES)

    for key in range(100):
        shelf.get(key, lambda: 0.5)

    assert shelf.n_bytes == 10 * LEAST_BYTES


def test_no_more_results_are_kept_than_a_function_is_given_places():
    n_made = []

    @kept(max_entries=2)
    def make(z):
        n_made.append(z)

    for z in (1, 2, 3, 3, 2, 1):
        make(z)

    assert n_made == [1, 2, 3, 1]


def test_a_failure_is_not_kept():
    outcomes = iter([ValueError("damaged"), "mended"])

    @kept()
    def read():
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(ValueError, match="damaged"):
        read()

    assert read() == "mended"


def test_functions_do_not_take_each_others_results():
    def other(z):
        return f"other {z}"

    def one(z):
        return f"one {z}"

    assert (kept()(one)(1), kept()(other)(1)) == ("one 1", "other 1")


def test_a_key_of_ones_own_says_what_is_the_same():
    opened = kept(key=lambda path, name="": path)(lambda path, name="": f"{path} {name}")

    assert opened("a.tif", "mine") == opened("a.tif", name="yours") == "a.tif mine"


def test_pictures_weigh_what_is_in_them():
    picture = Picture(bytes(100), np.zeros((8, 4), np.float32))

    assert size_of(picture) == 100 + 8 * 4 * 4
    assert size_of((picture, [b"12"])) == size_of(picture) + 2
