import json
import math
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sandseg.errors import SandsegError
from sandseg.settings import MAX_UPLOAD, MIN_FREE, QUOTA_SESSION, QUOTA_TOTAL
from sandseg.uploads import receive, workspace
from sandseg.uploads.receive import Arrival, Wanted, valid_name

TIFFS = Wanted(("tif",), is_many=True)


@pytest.fixture
def visit(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    return workspace.new_visit()


def stream(files, **changed):
    """The bytes a browser sends."""
    sizes = {name: len(content) for name, content in files.items()} | changed
    return json.dumps(list(sizes.items())).encode() + b"\n" + b"".join(files.values())


def send(visit, content, wanted=TIFFS, n_bytes=None, block=7):
    with Arrival(visit, n_bytes or len(content), wanted) as arrival:
        for start in range(0, len(content), block):
            arrival.write(content[start : start + block])
        return arrival.finish()


def left_in(visit):
    return [path for path in visit.rglob("*") if path.is_file()] if visit.exists() else []


@given(
    contents=some.lists(some.binary(min_size=1, max_size=60), min_size=1, max_size=5),
    block=some.integers(1, 100),
)
def test_files_arrive_as_they_were_sent_however_the_stream_is_cut(contents, block):
    files = {f"{i}.tif": content for i, content in enumerate(contents)}
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setenv("SANDSEG_WORK", folder)

        arrived = send(workspace.new_visit(), stream(files), block=block)

        assert {file.name: file.path.read_bytes() for file in arrived} == files
        assert len({file.path.parent for file in arrived}) == 1


def test_a_visitors_name_is_no_part_of_a_path(visit):
    names = ["../../evil.tif", "/etc/passwd.tif", "a\0b.tif", "n" * 5000 + ".tif"]

    arrived = send(visit, stream(dict.fromkeys(names, b"grey")), block=1000)

    assert [file.name for file in arrived] == [*map(valid_name, names)]
    assert {file.path.parent.parent for file in arrived} == {visit}
    assert all(file.path.name.startswith("original-") for file in arrived)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (stream({"a.exe": b"x"}), r'"a\.exe" is of a kind'),
        (stream({"a.tif": b"x", "b": b"x"}), '"b" is of a kind'),
        (stream({"a.tif": b"x", "b.tif": b""}), r'"b\.tif" is empty'),
        (stream({"a.tif": b"x", "b.tif": b"xx"}, **{"b.tif": -1}), "broke off"),
        (stream({"a.tif": b"xyz"})[:-1], "broke off"),
        (stream({"a.tif": b"xyz"}) + b"more", "broke off"),
        (b"[]\n", "broke off"),
        (b'[["a.tif"]]\nx', "broke off"),
        (b'[["a.tif", 1.0]]\nx', "broke off"),
        (b'[["a.tif", true]]\nx', "broke off"),
        (b'[[["a.tif"], 1]]\nx', "broke off"),
        (b'{"a.tif": 1}\nx', "broke off"),
        (b"II*\0 and no list at all", "broke off"),
        (b"[" * 100_000 + b"\n", "broke off"),
        (b'[["a.tif", 1], ["a.tif", 1]]\nxy', "Two files are called"),
    ],
)
def test_what_is_not_acceptable_leaves_nothing_behind(visit, content, says):
    with pytest.raises(SandsegError, match=says) as refusal:
        send(visit, content, block=10_000)

    assert refusal.value.hint
    assert not left_in(visit)


def test_a_list_without_an_end_is_not_collected_for_ever(visit):
    with Arrival(visit, 10**9, TIFFS) as arrival:
        block = bytes(2**20)
        with pytest.raises(SandsegError, match="broke off"):  # noqa: PT012
            for _ in range(10):
                arrival.write(block)


def test_a_stream_that_ends_early_leaves_nothing_behind(visit):
    content = stream({"a.tif": b"x" * 50, "b.tif": b"y" * 50})
    for end in (5, len(content) - 60, len(content) - 1):
        with pytest.raises(SandsegError, match="broke off"):
            send(visit, content[:end], n_bytes=len(content))

    assert not left_in(visit)


def test_one_file_is_asked_for_and_several_are_refused(visit):
    with pytest.raises(SandsegError, match="Several files"):
        send(visit, stream({"a.tif": b"x", "b.tif": b"y"}), Wanted(("tif",)))


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        (MAX_UPLOAD.name, "1000", "at most 1 kB can be sent"),
        (QUOTA_SESSION.name, "1000", "a visit may hold"),
        (QUOTA_TOTAL.name, "1000", "this server keeps"),
        (MIN_FREE.name, "1e18", "are to stay free"),
    ],
)
def test_an_upload_beyond_a_limit_is_refused_before_its_first_byte(
    visit, monkeypatch, limit, value, says
):
    monkeypatch.setenv(limit, value)

    with pytest.raises(SandsegError, match=says) as refusal:
        Arrival(visit, 1001, TIFFS)

    assert limit in refusal.value.hint
    assert not visit.exists() or not list(visit.iterdir())


def test_files_of_a_kind_may_have_a_limit_of_their_own_and_it_only_lowers(visit, monkeypatch):
    labels = Wanted(("tif",), n_bytes=500)
    with pytest.raises(SandsegError, match="at most 500 bytes") as refusal:
        Arrival(visit, 501, labels)
    assert MAX_UPLOAD.name not in refusal.value.hint

    monkeypatch.setenv(MAX_UPLOAD.name, "400")
    assert labels.most_bytes == 400


def test_room_is_looked_at_again_while_files_come(visit, monkeypatch):
    monkeypatch.setattr(receive, "_CHECK_BYTES", 1000)
    monkeypatch.setenv(QUOTA_SESSION.name, "10000")
    content = stream({"a.tif": bytes(8000)})

    with Arrival(visit, len(content), TIFFS) as arrival:
        arrival.write(content[:500])
        (workspace.new_folder(visit) / "other.tif").write_bytes(bytes(4000))  # a second upload
        with pytest.raises(SandsegError, match="a visit may hold"):
            arrival.write(content[500:2000])

    assert [path.name for path in left_in(visit)] == ["other.tif"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(visit):
    content = stream({"a.tif": b"grey"})
    with Arrival(visit, len(content), TIFFS) as arrival:
        workspace.remove_folder(next(visit.iterdir()))  # stands in for whatever fails
        with pytest.raises(SandsegError, match="cannot keep files"):
            arrival.write(content)


def test_what_is_in_memory_already_arrives_the_same_way(visit):
    arrived = receive.receive(visit, [("a.tif", memoryview(b"grey")), ("b.tif", b"values")], TIFFS)

    assert [file.path.read_bytes() for file in arrived] == [b"grey", b"values"]


def test_the_default_limit_lets_two_gibibytes_of_pixels_through():
    assert MAX_UPLOAD.default > 2**31
    assert math.isclose(MAX_UPLOAD.default, 2**31, rel_tol=0.03)


@given(some.text(some.characters(exclude_categories=()), max_size=400))
def test_every_name_becomes_one_that_can_be_written_and_seen(name):
    made = valid_name(name)

    assert made.encode()
    assert len(made) <= 255
    assert made.isprintable() or not made.isascii()
    assert valid_name(made) == made


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\ud800.tif", "\N{REPLACEMENT CHARACTER}.tif"),
        ("scan\u202egnp.tif", "scangnp.tif"),
        ("a\nb.tif", "ab.tif"),
        ("Ko\u0308rper 12 µm.tif", "Körper 12 µm.tif"),
        ("x" * 300 + ".tif", "x" * 251 + ".tif"),
    ],
)
def test_names_that_break_pages_are_mended(name, shown):
    assert valid_name(name) == shown
