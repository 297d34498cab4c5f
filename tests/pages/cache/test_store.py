"""What is kept for all visitors: made once, the same for everybody, bounded."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from pages.cache.fair_line import FairLine
from pages.cache.store import LEAST_BYTES, Store, forget_files_in, kept, size_of
from pages.cache.task import Task
from sandseg.export.tiff import write_image
from sandseg.scan.formats import open_stack

KB = 1024


@dataclass(frozen=True)
class Picture:
    grey: bytes
    labels: np.ndarray
    title: str = "of no weight"


def open_files(folder):
    """Files of a folder that this process holds open."""
    return [
        file.path for file in psutil.Process().open_files() if file.path.startswith(str(folder))
    ]


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
    gate, store = threading.Event(), Store(KB * KB)
    slow = threading.Thread(target=lambda: store.get("slow", lambda: gate.wait(10)))
    slow.start()

    assert store.get("quick", lambda: 1) == 1

    gate.set()
    slow.join(10)
    assert not slow.is_alive()


def test_what_was_asked_for_the_longest_ago_makes_room():
    store = Store(10 * KB)
    for key in "abc":
        store.get(key, lambda: bytes(3 * KB))
    store.get("a", pytest.fail)

    store.get("d", lambda: bytes(3 * KB))

    assert store.n_bytes == 9 * KB
    store.get("a", pytest.fail)
    assert store.get("b", lambda: "made anew") == "made anew"


def test_what_is_larger_than_all_room_is_handed_out_and_not_kept():
    store = Store(2 * KB)

    assert len(store.get("large", lambda: bytes(5 * KB))) == 5 * KB

    assert store.n_bytes == 0


def test_results_without_weight_are_bounded_too():
    store = Store(10 * LEAST_BYTES)

    for key in range(100):
        store.get(key, lambda: 0.5)

    assert store.n_bytes == 10 * LEAST_BYTES


def test_what_its_arrays_do_not_tell_is_weighed_by_hand():
    store = Store(10 * KB)
    for key in "abc":
        store.get(key, object, weight=4 * KB)

    assert store.n_bytes == 8 * KB


def test_what_is_kept_is_frozen():
    store = Store()

    picture = store.get("a", lambda: Picture(b"", np.zeros((2, 2))))

    with pytest.raises(ValueError, match="read-only"):
        picture.labels[0, 0] = 1


def test_what_is_let_go_of_is_closed_once_nobody_uses_it(tmp_path):
    write_image(tmp_path / "a.tif", np.arange(24, dtype=np.uint8).reshape(1, 4, 6))
    store = Store(10 * KB)
    stack = store.get("stack", lambda: open_stack(tmp_path / "a.tif"), weight=9 * KB)
    store.get("other", lambda: bytes(9 * KB))

    assert stack.read_slice(0)[0, 1] == 1  # whoever has it reads on
    assert len(open_files(tmp_path)) == 1
    del stack
    assert open_files(tmp_path) == []


def test_the_end_of_a_visit_closes_its_files(tmp_path):
    write_image(tmp_path / "a.tif", np.zeros((1, 4, 6), np.uint8))

    @kept()
    def opened(task):
        return open_stack(Path(task.source))

    opened(Task(str(tmp_path / "a.tif"), "model", "sha256"))
    forget_files_in(tmp_path / "else")
    assert len(open_files(tmp_path)) == 1
    forget_files_in(tmp_path)

    assert open_files(tmp_path) == []


def test_a_function_forgets_its_own_results_only():
    n_made = []
    one = kept()(lambda z: n_made.append(z))
    other = kept()(lambda z: n_made.append(-z))
    one(1), other(1), one.forget(), one(1), other(1)

    assert n_made == [1, -1, 1]


def test_in_a_line_askers_are_served_one_after_the_other(rng):
    n_at_work, most, line = 0, 0, FairLine()

    @kept(line=line)
    def work(z):
        nonlocal n_at_work, most
        n_at_work += 1
        most = max(most, n_at_work)
        time.sleep(0.002)
        n_at_work -= 1
        return z

    threads = [threading.Thread(target=work, args=(z % 7,)) for z in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert most == 1
    assert line.n_waiting == 0


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


def test_long_names_count_too_so_that_addresses_do_not_fill_the_memory():
    store = Store(100 * KB)

    for i in range(50):
        store.get((store.get, (Task("x" * 10 * KB, f"{i}", ""), i)), lambda: True)

    assert store.n_bytes <= 100 * KB
    assert len(store._results) < 10
