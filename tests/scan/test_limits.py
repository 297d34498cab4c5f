import logging

import pytest

from sandseg.errors import StackError, named
from sandseg.scan import limits
from sandseg.scan.limits import (
    SETTINGS,
    StackLimits,
    check_memory,
    check_size,
    free_memory,
    from_environment,
    size_text,
)


@pytest.mark.parametrize(("field", "variable"), SETTINGS.items())
def test_every_limit_is_set_by_its_variable(field, variable):
    found = from_environment(StackLimits(), {variable: "4e3"})

    assert getattr(found, field) == 4000
    assert type(getattr(found, field)) is type(getattr(StackLimits(), field))
    assert from_environment(StackLimits(), {}) == StackLimits()
    assert variable in limits.__doc__


@pytest.mark.parametrize("text", ["many", "-1", "0", "nan", "inf"])
def test_a_value_that_is_no_number_changes_nothing_and_is_reported(text, caplog):
    with caplog.at_level(logging.WARNING):
        found = from_environment(StackLimits(), {"SANDSEG_MAX_SLICES": text})

    assert found == StackLimits()
    assert f'SANDSEG_MAX_SLICES is "{text}"' in caplog.text


def test_files_of_ones_own_may_be_larger_than_uploads():
    assert limits.LOCAL_LIMITS.max_total_bytes > limits.WEB_LIMITS.max_total_bytes
    assert limits.LOCAL_LIMITS.max_slices > limits.WEB_LIMITS.max_slices


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 11, 10), "has 11 × 10 pixels; at most 0 million can be opened"),
        ((6, 1, 1), '"rock" has 6 slices; at most 5 can be opened'),
        ((5, 10, 10), '"rock" holds 1 kB of pixels; at most 999 bytes can be opened here'),
    ],
)
def test_a_stack_over_a_limit_is_refused_with_the_limits_name(shape, message):
    small = StackLimits(max_pixels_per_slice=100, max_slices=5, max_total_bytes=999)

    with pytest.raises(StackError, match=message) as caught, named("rock"):
        check_size(shape, 2, small)
    assert "SANDSEG_MAX_" in caught.value.hint
    check_size((4, 10, 10), 2, small)


def test_work_that_needs_more_memory_than_is_free_is_refused():
    check_memory(1000)
    wanted = r'To segment "rock" takes about .* of memory; .* are free'
    with pytest.raises(StackError, match=wanted), named("rock"):
        check_memory(free_memory() * 1000 + 2**50, "segment")


def test_a_container_has_as_much_memory_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "_CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 300\n")
    (tmp_path / "memory.max").write_text("1000\n")
    assert free_memory() == 400
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() > 1000


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 bytes"), (1500, "1.5 kB"), (3.5e12, "3.5 TB"), (2e15, "2,000 TB")]
)
def test_sizes_are_for_people(n_bytes, text):
    assert size_text(n_bytes) == text
