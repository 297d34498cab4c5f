"""The parts of the components' scripts that need no browser, run by Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(not NODE, reason="there is no node on the PATH to run scripts")


@pytest.mark.parametrize(
    "script", sorted(HERE.rglob("*.test.mjs")), ids=lambda path: path.relative_to(HERE).as_posix()
)
def test_a_script_keeps_its_promises(script):
    ran = subprocess.run([NODE, "--test", script], capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stdout + ran.stderr
