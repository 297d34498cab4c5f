import os
import stat

import pytest

from sandseg.workspace import MAX_AGE_S, new_folder, remove_folder, sweep, work_folder

NOW = 1_000_000_000.0


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
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
