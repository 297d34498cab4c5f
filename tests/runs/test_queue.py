import os
import threading

import pytest

from sandseg.config import TrainConfig, UNetConfig
from sandseg.runs import process, queue
from sandseg.runs.folder import status_entries
from sandseg.runs.settings import DataSource, RunSettings, write_settings

SETTINGS = RunSettings(DataSource("phantom"), TrainConfig(unet=UNetConfig((4, 6))))


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_RUNS", str(tmp_path))
    for name in ("SANDSEG_TRAINING", "SANDSEG_TRAINING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def begun(monkeypatch):
    """Which runs began, with the GPU each was given; they live until they are taken out."""
    found = {}

    def launch(_command, folder, environment=None):
        found[folder.name] = (environment or {}).get("CUDA_VISIBLE_DEVICES")

    monkeypatch.setattr(process, "launch", launch)
    monkeypatch.setattr(process, "is_alive", lambda folder: folder.name in found)
    return found


def devices(monkeypatch, n):
    monkeypatch.setattr(queue, "training_devices", lambda: tuple(range(n)))


def wait_in_line(root, *names):
    for name in names:
        (root / name).mkdir()
        write_settings(root / name, SETTINGS)
        queue.put_in_queue(root / name)


def test_the_first_in_line_begins_and_the_others_wait(root, begun, monkeypatch):
    devices(monkeypatch, 1)
    wait_in_line(root, "c", "a", "b")

    assert queue.advance_queue() == [root / "c"]
    for _ in range(3):
        assert queue.advance_queue() == []

    assert begun == {"c": None}
    assert status_entries(root / "c")["state"] == "running"
    assert status_entries(root / "a")["state"] == "queued"


def test_each_gpu_takes_one_run_and_a_free_one_the_next(root, begun, monkeypatch):
    devices(monkeypatch, 2)
    wait_in_line(root, "a", "b", "c")

    queue.advance_queue()
    assert begun == {"a": "0", "b": "1"}
    del begun["a"]  # it has ended
    queue.advance_queue()

    assert begun == {"b": "1", "c": "0"}


def test_a_run_that_ends_makes_room_though_its_process_still_lives(root, begun, monkeypatch):
    devices(monkeypatch, 1)
    wait_in_line(root, "a", "b")
    queue.advance_queue()

    queue.advance_queue(ended=root / "a")

    assert set(begun) == {"a", "b"}


def test_many_who_look_at_once_begin_a_run_once(root, begun, monkeypatch):
    devices(monkeypatch, 1)
    wait_in_line(root, "a", "b")
    threads = [threading.Thread(target=queue.advance_queue) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(begun) == {"a"}


def test_where_training_is_off_nothing_begins(root, begun, monkeypatch):
    devices(monkeypatch, 1)
    wait_in_line(root, "a")
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    queue.advance_queue()

    assert begun == {}


def test_who_comes_back_stands_behind_all_others(root, begun, monkeypatch):
    devices(monkeypatch, 1)
    wait_in_line(root, "a", "b")
    queue.put_in_queue(root / "a")

    queue.advance_queue()

    assert set(begun) == {"b"}


def test_folders_that_hold_no_run_are_passed_over(root, begun, monkeypatch):
    devices(monkeypatch, 1)
    (root / "notes").mkdir()
    (root / ".hidden").mkdir()
    (root / "file").write_text(str(os.getpid()))
    wait_in_line(root, "a")

    queue.advance_queue()

    assert set(begun) == {"a"}
