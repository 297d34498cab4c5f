import errno

import pytest

from sandseg.atomic import (
    part_of,
    read_json,
    replacing,
    whole_file,
    write_bytes,
    write_json,
    write_text,
)
from sandseg.errors import SandsegError


def test_text_is_written_whole(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "µm\n")
    write_text(path, "Porosität\n")

    assert path.read_bytes() == "Porosität\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_small_files_are_written_whole_and_missing_ones_are_empty(tmp_path):
    for content in ({"a": [1, "µ"]}, {"b": None}):
        write_json(tmp_path / "small.json", content)
        assert read_json(tmp_path / "small.json") == content

    assert read_json(tmp_path / "other.json") == {}
    assert [path.name for path in tmp_path.iterdir()] == ["small.json"]


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path, is_shared, failure):
    path = tmp_path / "status.json"
    write_bytes(path, b"old")

    def write():
        with replacing(path, is_shared=is_shared) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(type(failure)) as caught:
        write()

    assert caught.value is failure  # a full disk keeps its own message
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_seen_only_when_it_is_whole_and_a_part_left_by_a_killed_process_is_none(tmp_path):
    path = tmp_path / "small.json"
    part_of(path).write_text("{ half of it, and long")

    assert read_json(path) == {}
    with replacing(path) as file:
        file.write(b"{}")
        assert not path.exists()

    assert path.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [path]


def test_two_may_write_the_same_file_at_once(tmp_path):
    path = tmp_path / "phantom.npy"
    with replacing(path, is_shared=True) as one, replacing(path, is_shared=True) as other:
        one.write(b"same")
        other.write(b"same")

    assert path.read_bytes() == b"same"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_the_user_named_that_cannot_be_written_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "none" / "report.json"

    with pytest.raises(SandsegError, match=r'report\.json" cannot be written: No such file') as no:
        write_text(path, "")
    assert "Choose a folder" in no.value.hint
    with pytest.raises(FileNotFoundError):
        write_bytes(path, b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SandsegError, match="directory"), whole_file(tmp_path / "folder"):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
