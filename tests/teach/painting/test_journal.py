import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from sandseg.errors import TeachError
from sandseg.teach.painting.journal import EVENTS, About, Journal

ROOT = Path(__file__).resolve().parents[3]
ABOUT = About("rock.tif", (4, 60, 80), "key-of-it")


def stroke(number, value=1):
    place = [number * 7 % 80, number * 5 % 60]
    return {
        "id": f"stroke-{number:06d}",
        "do": "paint",
        "axis": "z",
        "at": number % 4,
        "value": value,
        "tool": "brush",
        "size": 5,
        "points": [place],
    }


def undo(number):
    return {"id": f"undo-{number:06d}", "do": "undo"}


def painted(journal):
    return np.stack([journal.painting.slice_values(z) for z in range(4)])


@pytest.fixture
def journal(tmp_path):
    return Journal.create(tmp_path / "j", ABOUT)


def test_what_was_added_is_there_when_it_is_opened_again(journal):
    assert journal.add([stroke(1), stroke(2, 2), undo(1), stroke(3)]) == []

    again = Journal.open(journal.folder)

    assert again.about == ABOUT
    assert again.events() == journal.events()
    assert (painted(again) == painted(journal)).all()
    assert [event["id"] for event in again.events(2)] == ["undo-000001", "stroke-000003"]


def test_events_sent_again_count_once(journal):
    for _ in range(3):
        assert journal.add([stroke(1), stroke(2)]) == []

    assert journal.n_events == 2
    assert len((journal.folder / EVENTS).read_text().splitlines()) == 2


def test_batches_of_any_size_make_the_same(tmp_path):
    events = [stroke(n, n % 3) for n in range(40)] + [undo(n) for n in range(9)]
    one, many = (Journal.create(tmp_path / name, ABOUT) for name in "ab")

    one.add(events)
    for start in range(0, len(events), 7):
        many.add(events[start : start + 7])

    assert one.events() == many.events()
    assert (painted(one) == painted(many)).all()


def test_what_is_refused_is_not_kept_and_stops_nothing(journal):
    refused = journal.add([stroke(1), {"id": "bad-event", "do": "burn"}, 7, stroke(2)])

    assert [one.id for one in refused] == ["bad-event", ""]
    assert all(one.message.endswith(".") for one in refused)
    assert Journal.open(journal.folder).n_events == 2


def test_a_line_torn_by_a_kill_is_dropped_and_writing_goes_on(journal):
    journal.add([stroke(1), stroke(2)])
    with (journal.folder / EVENTS).open("ab") as file:
        file.write(json.dumps(stroke(3)).encode()[:-5])

    again = Journal.open(journal.folder)
    assert again.n_events == 2
    again.add([stroke(4)])

    assert [e["id"][-1] for e in Journal.open(journal.folder).events()] == ["1", "2", "4"]
    assert [e["id"][-1] for e in journal.events()] == ["1", "2", "4"]


def test_what_follows_a_damaged_line_is_laid_aside(journal):
    journal.add([stroke(1), stroke(2), stroke(3)])
    lines = (journal.folder / EVENTS).read_bytes().splitlines(keepends=True)
    (journal.folder / EVENTS).write_bytes(lines[0] + b"\0\0\0\n" + lines[2])

    again = Journal.open(journal.folder)

    assert [event["id"][-1] for event in again.events()] == ["1"]
    assert next(journal.folder.glob("damaged-*")).read_bytes() == b"\0\0\0\n" + lines[2]
    again.add([stroke(5)])
    assert Journal.open(journal.folder).n_events == 2


def test_two_tabs_see_each_others_strokes_in_one_order(journal):
    other = Journal.open(journal.folder)

    journal.add([stroke(1)])
    other.add([stroke(2)])
    journal.add([undo(1)])

    assert journal.events() == other.events()
    assert [event["id"] for event in other.events()][-1] == "undo-000001"
    assert (painted(other) == painted(journal)).all()
    assert not painted(other)[2].any()  # the other tab's stroke was the last


def test_writers_in_threads_lose_nothing(journal):
    journals = [journal, journal, Journal.open(journal.folder), Journal.open(journal.folder)]

    def write(one, first):
        for number in range(first, first + 25):
            one.add([stroke(number)])

    threads = [
        threading.Thread(target=write, args=(one, 100 * n)) for n, one in enumerate(journals)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    again = Journal.open(journal.folder)
    assert again.n_events == 100
    for one in journals:
        assert one.events() == again.events()
        assert (painted(one) == painted(again)).all()


WRITER = """
import json, sys
from pathlib import Path
sys.path.insert(0, "tests/teach/painting")
from test_journal import stroke
from sandseg.teach.painting.journal import Journal
journal = Journal.open(Path(sys.argv[1]))
for number in range(100_000):
    journal.add([stroke(number)])
    print(number, flush=True)
"""


@pytest.mark.parametrize("n_seen", [1, 20])
def test_a_writer_killed_at_work_loses_nothing_it_acknowledged(journal, n_seen):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(journal.folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(n_seen):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    process.wait()
    acknowledged = n_seen + len([line for line in rest[:-1] if line])

    again = Journal.open(journal.folder)

    assert again.n_events >= acknowledged
    assert [event["id"] for event in again.events()] == [
        stroke(number)["id"] for number in range(again.n_events)
    ]
    assert again.add([stroke(n) for n in range(again.n_events + 1)]) == []
    assert again.events()[-1]["id"] == stroke(again.n_events - 1)["id"]


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_full_disk_acknowledges_nothing(journal):
    import resource

    journal.add([stroke(1)])
    before, size = painted(journal), (journal.folder / EVENTS).stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            journal.add([stroke(2), stroke(3)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    for one in (journal, Journal.open(journal.folder)):
        assert one.n_events == 1
        assert (painted(one) == before).all()
    journal.add([stroke(2)])
    assert Journal.open(journal.folder).n_events == 2


def test_strokes_of_a_file_are_one_event(journal):
    brought = np.zeros((60, 80), np.uint8)
    brought[10:13, 20:26] = 2
    brought[40, 7] = 1
    journal.add([stroke(1)])
    before = painted(journal)

    journal.add_import("import-0001", {3: brought})
    journal.add_import("import-0001", {3: brought})

    assert journal.n_events == 2
    assert (painted(journal)[3] == np.where(brought, brought, before[3])).all()
    again = Journal.open(journal.folder)
    assert (painted(again) == painted(journal)).all()
    runs = again.import_runs(again.events()[-1])
    expected = [[820, 6, 2, 900, 6, 2, 980, 6, 2, 3207, 1, 1]]
    assert [one["at"] for one in runs] == [3]
    assert [one["runs"] for one in runs] == expected
    again.add([undo(1)])
    assert (painted(again) == before).all()


def test_a_journal_of_another_image_is_not_painted_on(journal):
    for other in (About("rock.tif", (4, 60, 81), "key-of-it"), About("a.tif", (4, 60, 80), "b")):
        with pytest.raises(TeachError, match="another image"):
            Journal.create(journal.folder, other)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "a"}', '{"name": "a", "shape": [1]}'])
def test_a_folder_without_a_sound_journal_is_refused(tmp_path, text):
    (tmp_path / "about.json").write_text(text)

    with pytest.raises(TeachError):
        Journal.open(tmp_path)
