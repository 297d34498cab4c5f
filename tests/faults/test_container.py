"""What the container promises: not root, a tree nobody can write to, settings that protect."""

import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
RUN_TIMEOUT_S = 120


def instructions(name):
    """The arguments of all instructions of a kind in the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line[:1].isalpha()]
    return [arguments for kind, arguments in lines if kind == name]


def environment():
    """What the container sets."""
    pairs = (pair for text in instructions("ENV") for pair in shlex.split(text))
    return dict(pair.split("=", 1) for pair in pairs)


def copied():
    """What the image holds of this folder."""
    return [source for text in instructions("COPY") for source in shlex.split(text)[:-1]]


def health_check(port):
    """Run the container's own health check against a server here."""
    command = instructions("HEALTHCHECK")[0].partition("CMD ")[2]
    python, *arguments = tomllib.loads(f"command = {command}")["command"]
    assert python == "python"
    arguments = [text.replace(":8501/", f":{port}/") for text in arguments]
    return subprocess.run([sys.executable, *arguments], capture_output=True).returncode


def without_rights():
    """Run a command as the container does: no capabilities, and as nobody where this Python,
    which may lie in root's own folder, lets nobody run it. Root without any obeys modes, too.
    """
    prefix = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
    python = Path(sys.executable).resolve()
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (python, *python.parents)):
        prefix += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return prefix


def test_the_container_does_not_run_as_root():
    user = instructions("USER")[-1].split(":")

    assert all(part.isdigit() and int(part) > 0 for part in user)


def test_all_that_is_copied_is_there_and_gets_past_the_ignore_file():
    let_in = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]

    assert sorted(copied()) == sorted(let_in)
    assert all((ROOT / source).exists() for source in copied())


def test_all_that_is_written_goes_to_the_one_writable_folder():
    found = environment()

    for name in ("HOME", "TMPDIR", "SANDSEG_WORK", "SANDSEG_CACHE", "SANDSEG_RUNS"):
        assert Path("/work") in (Path(found[name]), *Path(found[name]).parents)
    assert found["SANDSEG_TRAINING"] == "off"
    assert not [name for name in found if "TOKEN" in name or "SECRET" in name]


def test_the_settings_that_protect_are_on():
    found = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    for name, value in {
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.allowRunOnSave": False,
        "server.fileWatcherType": "none",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "viewer",
        "client.allowedOrigins": [],
        "browser.gatherUsageStats": False,
    }.items():
        section, _, key = name.partition(".")
        assert found[section][key] == value, name


def left_out(folder, names):
    """What of a folder the ignore file keeps out of the image."""
    trainings = {"runs"} if Path(folder) == ROOT / "models" else set()
    return trainings | shutil.ignore_patterns("__pycache__", "*.part")(folder, names)


@pytest.fixture
def read_only_tree():
    """The files of the image where nobody may write, and a folder anybody may write to."""
    top = Path(tempfile.mkdtemp(prefix="sandseg-container-"))  # root's own folders hide from others
    top.chmod(0o755)
    tree, writable = top / "app", top / "work"
    for source in copied():
        target = tree / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=left_out)
        else:
            shutil.copyfile(ROOT / source, target)
    writable.mkdir()
    writable.chmod(0o777)
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield tree, writable
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(top)


@pytest.mark.fault
def test_the_app_serves_and_segments_from_a_tree_it_cannot_write_to(serve, read_only_tree):
    tree, writable = read_only_tree
    settings = {
        name: value.replace("/work", str(writable)) for name, value in environment().items()
    }
    rights = without_rights() if os.geteuid() == 0 else []
    server = serve(settings, tree, rights)

    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        assert visitor.open().says("Porosity of the rock")
        refused = visitor.press("Segment all").texts()
        assert server.jobs(), refused
        visitor.wait(lambda: visitor.says("All 64 slices are segmented"), RUN_TIMEOUT_S)
    assert health_check(server.port) == 0
    assert not [*tree.rglob("__pycache__")]
    assert not (tree / "models" / "runs").exists()
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([*rights, "touch", str(tree / "new")], check=True, capture_output=True)
    server.kill()
    assert health_check(server.port) != 0


@pytest.mark.fault
def test_the_container_offers_no_training(serve):
    server = serve({"SANDSEG_TRAINING": environment()["SANDSEG_TRAINING"]})

    with Visitor(server.port) as visitor:
        pages = visitor.open().pages
    if "train" in pages:
        with Visitor(server.port, "train") as visitor:
            visitor.open()
            assert visitor.says("switched off"), visitor.texts()
            assert not visitor.widget("button", "Start")
