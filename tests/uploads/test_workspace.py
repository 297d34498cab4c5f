import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandseg.errors import SandsegError
from sandseg.settings import MIN_FREE, QUOTA_SESSION, QUOTA_TOTAL
from sandseg.uploads.workspace import (
    MAX_AGE_S,
    end_serving,
    new_folder,
    new_visit,
    remove_folder,
    require_room,
    sweep,
    unserved,
    work_folder,
)

ROOT = Path(__file__).parents[2]
NOW = 1_000_000_000.0


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    for limit in (QUOTA_SESSION, QUOTA_TOTAL, MIN_FREE):
        monkeypatch.delenv(limit.name, raising=False)
    return tmp_path / "work"


def make_older(path, age_s):
    os.utime(path, (NOW - age_s, NOW - age_s))


def test_folders_are_empty_private_and_their_names_cannot_be_guessed(work):
    folders = [new_folder() for _ in range(50)]

    assert len({folder.name for folder in folders}) == 50
    for folder in folders:
        assert folder.parent == work
        assert len(folder.name) >= 20
        assert not list(folder.iterdir())
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_a_setting_folders_are_made_among_temporary_files(tmp_path, monkeypatch):
    monkeypatch.delenv("SANDSEG_WORK")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    assert work_folder().parent == tmp_path
    assert work_folder().name.startswith("sandseg-")


def test_a_removed_folder_is_gone_with_all_that_is_in_it():
    folder, other = new_folder(), new_folder()
    (folder / "run").mkdir()
    (folder / "run" / "labels.tif").write_bytes(b"labels")

    remove_folder(folder)
    remove_folder(folder)  # a second time does no harm

    assert not folder.exists()
    assert other.exists()


def test_only_old_folders_are_swept():
    old, young = new_folder(), new_folder()
    make_older(old, 61)
    make_older(young, 59)

    assert sweep(60, now=NOW) == 1
    assert not old.exists()
    assert young.exists()


def test_a_folder_in_which_a_file_still_grows_is_kept():
    folder = new_folder()
    (folder / "run").mkdir()
    log = folder / "run" / "metrics.jsonl"
    log.write_text("{}")
    make_older(log, 10)
    for path in (folder / "run", folder):
        make_older(path, 1000)

    assert sweep(60, now=NOW) == 0
    make_older(log, 1000)
    assert sweep(60, now=NOW) == 1


def test_what_is_new_outlives_a_sweep_and_stray_files_are_left_alone(work):
    folder = new_folder()
    (work / "note.txt").write_text("mine")

    assert sweep() == 0
    assert sweep(now=folder.stat().st_mtime + MAX_AGE_S + 1) == 1
    assert (work / "note.txt").exists()


def test_a_folder_from_a_clock_that_was_days_ahead_is_not_kept_forever():
    ahead, a_little = new_folder(), new_folder()
    make_older(ahead, -61)
    make_older(a_little, -59)

    assert sweep(60, now=NOW) == 1
    assert a_little.exists()


def test_what_was_not_made_here_is_left_alone_whatever_it_is_called(work):
    new_folder()
    names = ("thesis", "my_microCT_scans_2026a", ".git")
    for name in names:
        (work / name).mkdir()
        (work / name / "chapter.tif").write_bytes(b"years of work")

    assert sweep(now=NOW * 2) == 1
    assert all((work / name / "chapter.tif").exists() for name in names)


def test_a_visit_that_another_server_serves_is_left_alone(tmp_path):
    made = "from sandseg.uploads.workspace import *; import sys\n"
    made += "print(new_folder(new_visit()), flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", made]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, cwd=ROOT) as other:
        folder = Path(other.stdout.readline().strip())
        later = time.time() + 10 * MAX_AGE_S

        assert sweep(now=later) == 0
        assert not unserved()
        other.kill()
        other.wait()

    assert unserved() == [folder.parent]
    assert sweep(now=later) == 1


def test_ended_visits_make_room_for_new_ones_the_oldest_first(monkeypatch):
    monkeypatch.setenv(QUOTA_TOTAL.name, "1000")
    visits = [new_visit() for _ in range(3)]
    for age, visit in enumerate(visits):
        folder = new_folder(visit)
        (folder / "stack.tif").write_bytes(bytes(300))
        for path in (folder / "stack.tif", folder, visit):
            make_older(path, 100 - age)
    end_serving(visits[0])
    end_serving(visits[1])

    require_room(new_folder(new_visit()), 300)

    assert [visit.exists() for visit in visits] == [False, True, True]


def test_a_folder_that_somebody_else_made_beforehand_is_not_used(tmp_path, monkeypatch):
    monkeypatch.delenv("SANDSEG_WORK")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = tmp_path / f"sandseg-{os.getuid()}"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)
        with pytest.raises(SandsegError, match="belongs to another user"):
            work_folder()
        os.chown(folder, 0, 0)
    folder.chmod(0o777)

    assert stat.S_IMODE(work_folder().stat().st_mode) == 0o700


def test_a_clock_set_back_by_hours_removes_nothing():
    folder = new_folder()

    assert sweep(now=folder.stat().st_mtime - 12 * 3600) == 0


def test_the_folders_of_a_visit_are_kept_together_and_swept_together():
    visit = new_folder()
    first, second = new_folder(visit), new_folder(visit)
    for path in (first, visit):
        make_older(path, 1000)
    make_older(second, 1)

    assert first.parent == second.parent == visit
    assert sweep(60, now=NOW) == 0
    make_older(second, 1000)
    assert sweep(60, now=NOW) == 0  # it goes on
    end_serving(visit)
    assert sweep(60, now=NOW) == 1
    assert not visit.exists()


def test_a_visit_that_was_swept_while_it_went_on_gets_its_folder_again():
    visit = new_folder()
    remove_folder(visit)

    assert new_folder(visit).is_dir()


def test_a_visit_takes_no_place_before_something_is_kept_and_is_then_private(work):
    visit = new_visit()

    assert not list(work.iterdir())
    assert new_folder(visit).parent == visit
    assert stat.S_IMODE(visit.stat().st_mode) == 0o700


def test_a_visit_holds_no_more_than_its_quota(monkeypatch):
    monkeypatch.setenv(QUOTA_SESSION.name, "1000")
    visit, other = new_folder(), new_folder()
    (new_folder(visit) / "first.tif").write_bytes(bytes(600))

    require_room(new_folder(visit), 400)
    require_room(other, 1000)
    with pytest.raises(SandsegError, match="This visit holds 600 bytes, and 401 bytes") as refusal:
        require_room(new_folder(visit), 401)

    assert QUOTA_SESSION.name in refusal.value.hint


def test_all_visits_together_hold_no_more_than_their_quota(monkeypatch):
    monkeypatch.setenv(QUOTA_TOTAL.name, "1e3")
    (new_folder(new_visit()) / "first.tif").write_bytes(bytes(600))

    require_room(new_folder(), 400)
    with pytest.raises(SandsegError, match="All visitors' files take 600 bytes") as refusal:
        require_room(new_folder(), 401)

    assert QUOTA_TOTAL.name in refusal.value.hint


def test_room_is_left_on_the_disk_for_everything_else(monkeypatch):
    monkeypatch.setenv(MIN_FREE.name, "1e18")

    with pytest.raises(SandsegError, match="are to stay free") as refusal:
        require_room(new_folder(), 1)

    assert MIN_FREE.name in refusal.value.hint


def test_where_nothing_can_be_written_a_sentence_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "file"))

    for act in (work_folder, new_folder, sweep):
        with pytest.raises(SandsegError, match="The server cannot keep files") as refusal:
            act()
        assert "SANDSEG_WORK" in refusal.value.hint
