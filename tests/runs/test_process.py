import sys
import time

from sandseg.runs.process import enter_process, is_alive, kill, launch

PATIENCE_S = 300  # a busy machine takes its time to start Python


def test_any_command_can_work_on_a_folder(folder):
    folder.mkdir()
    told = "import os, time; print(os.environ['TOLD'], flush=True); time.sleep(600)"

    launch([sys.executable, "-c", told], folder, {"TOLD": "what was told"})
    end = time.monotonic() + PATIENCE_S
    while "what was told" not in (folder / "log.txt").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)

    assert is_alive(folder)
    kill(folder)
    while is_alive(folder):
        assert time.monotonic() < end
        time.sleep(0.02)
    kill(folder)  # a second time does no harm


def test_a_process_enters_itself(folder):
    folder.mkdir()
    assert not is_alive(folder)

    enter_process(folder)

    assert is_alive(folder)
