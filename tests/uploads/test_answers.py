"""Whatever a decoder that a hostile file has taken over writes and says, it is refused."""

import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import WEB_LIMITS
from sandseg.settings import WORK
from sandseg.uploads import decode_guard, workspace
from sandseg.uploads.answers import LONGEST_TEXT, taken_from
from sandseg.uploads.decode_guard import take_upload, unpack
from tests.uploads.false_decoder import ANSWER, BRINGS, SAYS, SHAPE, WRITES, write

pytestmark = pytest.mark.slow  # most start a process


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(WORK.name, str(tmp_path / "work"))
    monkeypatch.setattr(decode_guard, "_DECODER", "tests.uploads.false_decoder")
    return workspace.new_folder()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_bytes(b"hostile")
    return tmp_path / "file"


def test_what_is_as_it_was_asked_for_is_taken(folder, file):
    taken = take_upload({"well-behaved": file}, folder)

    with open_stack(taken.path) as stack:
        np.testing.assert_array_equal(stack.read_slice(1), np.full(SHAPE[1:], 7))


@pytest.mark.parametrize("deed", [*WRITES, *SAYS])
def test_what_is_not_is_no_answer(tmp_path, deed):
    path = tmp_path / "stack.tif"
    WRITES.get(deed, write)(path)

    with pytest.raises((ValueError, StackError)):
        taken_from(ANSWER | SAYS.get(deed, {}), path, WEB_LIMITS)


@pytest.mark.parametrize("deed", ["JPEG 2000", "a link", "a folder", "pickled objects", *BRINGS])
def test_what_is_no_answer_is_refused_and_leaves_nothing(folder, file, deed):
    with pytest.raises(StackError, match="cannot be read|can be opened"):
        take_upload({deed: file}, folder)
    assert not list(folder.iterdir())


def test_what_it_writes_beside_is_gone(folder, file):
    (folder / "names.json").write_text("{}")

    take_upload({"more files": file}, folder)

    assert {path.name for path in folder.iterdir()} == {"names.json", "stack.tif"}


def test_words_are_no_longer_than_anybody_reads(folder, file):
    taken = take_upload({"words without end": file}, folder)

    assert taken.notes == ("x" * LONGEST_TEXT,) * 5
    assert len(taken.axes) == LONGEST_TEXT


@pytest.mark.parametrize("deed", ["parts elsewhere", "parts by a link", "well-behaved"])
def test_parts_of_a_zip_lie_where_they_must(folder, file, deed):
    with pytest.raises(StackError, match="cannot be read"):
        unpack({deed: file}, folder)
    assert not list(folder.iterdir())
    assert file.read_bytes() == b"hostile"
