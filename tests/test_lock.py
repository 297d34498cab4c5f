import subprocess
import sys
import threading
from pathlib import Path

from sandseg.lock import locked

ROOT = Path(__file__).resolve().parents[1]
COUNT = """
import sys
from pathlib import Path
from sandseg.lock import locked
folder = Path(sys.argv[1])
for _ in range(200):
    with locked(folder / "lock"):
        number = int((folder / "number").read_text())
        (folder / "number").write_text(str(number + 1))
"""


def test_processes_and_threads_go_one_by_one(tmp_path):
    (tmp_path / "number").write_text("0")
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]

    def count():
        for _ in range(200):
            with locked(tmp_path / "lock"):
                (tmp_path / "number").write_text(str(int((tmp_path / "number").read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [process.wait() for process in processes] == [0, 0]
    assert (tmp_path / "number").read_text() == "1000"


def test_an_error_gives_the_lock_back(tmp_path):
    try:
        with locked(tmp_path / "new" / "lock"):
            raise ZeroDivisionError
    except ZeroDivisionError:
        with locked(tmp_path / "new" / "lock"):
            pass
