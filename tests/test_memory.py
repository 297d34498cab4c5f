import threading
import time

import pytest

from sandseg import memory
from sandseg.errors import ConfigError, SandsegError
from sandseg.memory import SMALL_BYTES, Budget

MB = 2**20


@pytest.fixture
def budget():
    return Budget(lambda: 1000 * MB)


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Worker(threading.Thread):
    """Takes a part and holds it until it is told to end."""

    def __init__(self, budget, mb, what="Work", share=1.0):
        super().__init__(daemon=True)
        self.asked = budget, mb * MB, what, share
        self.has_it, self.may_end = threading.Event(), threading.Event()
        self.start()

    def run(self):
        budget, n_bytes, what, share = self.asked
        with budget.take(n_bytes, what, share, wait_s=60):
            self.has_it.set()
            self.may_end.wait(60)

    def end(self):
        self.may_end.set()
        self.join(20)
        assert not self.is_alive()


def in_line(budget, n_waiting):
    return lambda: len(budget._line) == n_waiting


def test_no_more_is_taken_than_there_is_and_whoever_waits_gets_what_is_given_back(budget):
    first, second = Worker(budget, 600), Worker(budget, 400)
    wait_for(lambda: first.has_it.is_set() and second.has_it.is_set())
    third = Worker(budget, 500)
    wait_for(in_line(budget, 1))
    assert budget.taken == 1000 * MB

    first.end()

    wait_for(third.has_it.is_set)
    assert budget.taken == 900 * MB
    second.end()
    third.end()
    assert budget.taken == 0


def test_who_comes_first_is_served_first(budget):
    holder = Worker(budget, 900)
    wait_for(holder.has_it.is_set)
    large = Worker(budget, 800)
    wait_for(in_line(budget, 1))
    small = Worker(budget, 100)
    wait_for(in_line(budget, 2))
    assert not small.has_it.is_set()  # else a large one would never have its turn

    holder.end()

    wait_for(lambda: large.has_it.is_set() and small.has_it.is_set())
    large.end()
    small.end()


def test_works_of_a_kind_leave_the_rest_to_others(budget):
    decoders = [Worker(budget, 200, "Decoding", share=0.5) for _ in range(4)]
    wait_for(lambda: sum(one.has_it.is_set() for one in decoders) == 2)
    page = Worker(budget, 500, "Drawing")

    wait_for(page.has_it.is_set)

    assert sum(one.has_it.is_set() for one in decoders) == 2
    for one in [page, *decoders]:
        one.may_end.set()
    for one in [page, *decoders]:
        one.end()


def test_more_than_there_is_is_refused_at_once(budget):
    with (
        pytest.raises(SandsegError, match=r"Drawing takes about 1\.57 GB .* 1\.05 GB") as caught,
        budget.take(1500 * MB, "Drawing"),
    ):
        pytest.fail("it was given")
    assert "SANDSEG_MEMORY" in caught.value.hint


def test_who_waits_too_long_is_told_and_leaves_the_line(budget):
    holder = Worker(budget, 900)
    wait_for(holder.has_it.is_set)

    with (
        pytest.raises(SandsegError, match="Drawing has to wait") as caught,
        budget.take(200 * MB, "Drawing", wait_s=0.05),
    ):
        pytest.fail("it was given")

    assert caught.value.hint
    assert not budget._line
    holder.end()


def test_work_inside_of_other_work_never_waits_for_itself(budget):
    with budget.take(900 * MB, "Drawing"), budget.take(900 * MB, "Looking", wait_s=0.05):
        assert budget.taken == 900 * MB
    assert budget.taken == 0
    with budget.take(900 * MB, "Drawing", wait_s=0.05):  # the next one is no part of it
        assert budget.taken == 900 * MB


def test_small_works_are_not_counted(budget):
    with budget.take(SMALL_BYTES, "Drawing"):
        assert budget.taken == 0


def test_work_that_fails_gives_back_what_it_held(budget):
    with pytest.raises(OSError, match="broken"), budget.take(900 * MB, "Drawing"):
        raise OSError("broken")
    assert budget.taken == 0


def test_what_grows_is_counted_and_ended_where_others_have_the_rest(budget):
    holder = Worker(budget, 600)
    wait_for(holder.has_it.is_set)
    with budget.take(100 * MB, "Decoding", share=0.5) as part:
        budget.grow(part, 350 * MB)
        budget.grow(part, 200 * MB)
        assert budget.taken == 950 * MB
        with pytest.raises(SandsegError, match="has to wait"):
            budget.grow(part, 450 * MB)
        assert budget.taken == 950 * MB
    holder.end()
    with (
        budget.take(100 * MB, "Decoding", share=0.5) as part,
        pytest.raises(SandsegError, match="has to wait"),
    ):
        budget.grow(part, 600 * MB)  # its kind has half of all


def test_the_whole_is_half_of_what_there_is_unless_it_is_set(monkeypatch):
    monkeypatch.delenv("SANDSEG_MEMORY", raising=False)
    assert memory.whole() == memory.there_is() // 2
    monkeypatch.setenv("SANDSEG_MEMORY", "4e9")
    assert memory.whole() == 4 * 10**9
    assert memory.for_results(10**9) == 5 * 10**8
    assert memory.for_results(10**6) == 10**6
    assert Budget()._n_bytes() == 3 * 10**9
    monkeypatch.setenv("SANDSEG_MEMORY", "much")
    with pytest.raises(ConfigError, match="SANDSEG_MEMORY"):
        memory.whole()


@pytest.mark.parametrize(
    ("says", "expected"), [("1000000\n", 10**6), ("max\n", None), ("9223372036854771712\n", None)]
)
def test_a_container_has_what_it_was_given(tmp_path, monkeypatch, says, expected):
    machine = memory.there_is()
    (tmp_path / "limit").write_text(says)
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "none", tmp_path / "limit"))

    assert memory.there_is() == expected if expected else memory.there_is() >= machine
