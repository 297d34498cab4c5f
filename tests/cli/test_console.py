import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def said(script):
    command = [
        sys.executable,
        "-c",
        f"from sandseg.cli.console import err, out, progress_bar\n{script}",
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("name", ["scan[bold].tif", "a:smile:.tif", "[/red]x.tif", "[link=x]y"])
def test_file_names_are_printed_as_they_are(name):
    ended = said(f"out.print({name!r}); err.print({name!r})")

    assert (ended.stdout, ended.stderr) == (f"{name}\n", f"{name}\n")


def test_an_error_is_one_line_however_long():
    ended = said("err.print('error: ' + 'word ' * 200)")

    assert ended.stderr.count("\n") == 1


def test_progress_leaves_no_trace_in_a_file():
    ended = said(
        "with progress_bar() as bar:\n    bar.update(bar.add_task('Work', total=3), completed=2)"
    )

    assert ended.stdout == ""
    assert "Work" not in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_console_of_any_encoding_ends_well(tmp_path, encoding):
    command = [sys.executable, "-m", "sandseg", "phantom", "-o", str(tmp_path)]
    environment = os.environ | {"PYTHONIOENCODING": encoding}

    ended = subprocess.run(
        [*command, "--shape", "2", "64", "64"], cwd=ROOT, capture_output=True, env=environment
    )

    assert ended.returncode == 0, ended.stderr
    assert b"2 slices of 64" in ended.stdout
