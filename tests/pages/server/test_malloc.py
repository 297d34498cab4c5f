import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MANY_THREADS = """
import ctypes, sys, threading
from pages.server.malloc import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
begin = threading.Barrier(20)

def work():
    begin.wait()
    kept = [bytearray(20_000) for _ in range(300)]
    begin.wait()

threads = [threading.Thread(target=work) for _ in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fclose.argtypes = [ctypes.c_void_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
"""


def n_arenas(kind, path):
    command = [sys.executable, "-c", MANY_THREADS, kind, str(path)]
    subprocess.run(command, cwd=ROOT, check=True)
    return path.read_text().count("<heap ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Other libraries have no arenas.")
def test_threads_share_two_arenas(tmp_path):
    assert n_arenas("own", tmp_path / "own") > 2
    assert n_arenas("shared", tmp_path / "shared") <= 2


def test_on_other_systems_nothing_happens(monkeypatch):
    from pages.server.malloc import ctypes, share_arenas

    for library in (object(), None):
        monkeypatch.setattr(ctypes, "CDLL", lambda _, library=library: library)
        share_arenas()
