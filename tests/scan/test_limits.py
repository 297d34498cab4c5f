from dataclasses import replace

import pytest

from sandseg.errors import ConfigError, StackError, named
from sandseg.scan import limits
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import (
    LOCAL_LIMITS,
    SETTINGS,
    WEB_LIMITS,
    StackLimits,
    check_memory,
    check_size,
    free_memory,
    from_settings,
    size_text,
)


@pytest.mark.parametrize(("field", "setting"), SETTINGS.items())
def test_every_limit_is_set_by_its_variable(field, setting, monkeypatch):
    for each in SETTINGS.values():
        monkeypatch.delenv(each.name, raising=False)
    assert from_settings(LOCAL_LIMITS) == LOCAL_LIMITS
    monkeypatch.setenv(setting.name, "4e3")

    for limits_before in (WEB_LIMITS, LOCAL_LIMITS):
        found = from_settings(limits_before)

        assert found == replace(limits_before, **{field: 4000})
        assert type(getattr(found, field)) is type(getattr(limits_before, field))


def test_a_limit_that_is_no_number_is_refused_where_a_file_is_opened(monkeypatch):
    monkeypatch.setenv("SANDSEG_MAX_SLICES", "many")

    with pytest.raises(ConfigError, match='SANDSEG_MAX_SLICES is "many"'):
        open_stack(b"")


def test_files_of_ones_own_may_be_larger_than_uploads():
    assert LOCAL_LIMITS.max_total_bytes > WEB_LIMITS.max_total_bytes
    assert LOCAL_LIMITS.max_slices > WEB_LIMITS.max_slices


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
