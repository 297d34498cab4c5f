"""What is installed: every package at one version, with the hashes of its files."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LISTS = ("requirements", "requirements-dev")
SYSTEMS = {
    "Linux x86-64": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "Linux ARM64": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "macOS": {"sys_platform": "darwin", "platform_machine": "arm64"},
}
PYTHONS = ("3.11", "3.12", "3.13")


def requirements(file_name):
    """The requirements in a file, each with its hashes, "" without any."""
    text = (ROOT / file_name).read_text()
    text = re.sub(r"\s+#.*", "", text.replace("\\\n", " "))
    lines = [line.partition(" --hash=") for line in text.splitlines() if line[:1].isalpha()]
    return [(Requirement(line.strip()), hashes) for line, _, hashes in lines]


def versions(found, environment):
    """The version of each package that is installed in an environment; one of each."""
    held = [one for one, _ in found if one.marker is None or one.marker.evaluate(environment)]
    names = [canonicalize_name(one.name) for one in held]
    assert len(names) == len({*names})
    return {name: str(one.specifier) for name, one in zip(names, held, strict=True)}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", LISTS)
def test_the_lock_has_what_the_list_asks_for(name, system, python):
    here = {**SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.1"}

    asked = versions(requirements(f"{name}.txt"), here)
    locked = versions(requirements(f"{name}.lock"), here)

    assert asked.items() <= locked.items()


@pytest.mark.parametrize("name", LISTS)
def test_every_package_of_a_lock_has_its_hashes_and_comes_from_no_named_place(name):
    found = requirements(f"{name}.lock")

    assert len(found) > len(requirements(f"{name}.txt"))
    for one, hashes in found:
        assert re.fullmatch(r"==[\w.]+", str(one.specifier)), one
        assert re.fullmatch(r"(sha256:[0-9a-f]{64}( +--hash=)?)+", hashes.strip()), one
        assert not one.url
    assert "://" not in (ROOT / f"{name}.lock").read_text()


def test_both_locks_have_the_same_version_of_what_both_need():
    app, tests = (versions(requirements(f"{name}.lock"), {}) for name in LISTS)

    assert all(app[name] == tests[name] for name in app.keys() & tests.keys())


def test_what_is_installed_here_is_what_is_locked_and_needs_nothing_else():
    locked = {}
    for name in LISTS:
        locked |= versions(requirements(f"{name}.lock"), {})

    for name, version in locked.items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # a GPU's machine has another tensorflow
        if name not in ("setuptools", "wheel"):  # which Python's own tools bring, too
            assert f"=={found.version}" == version, name
        needs = [Requirement(text) for text in found.requires or ()]
        needs = [one for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]
        assert {canonicalize_name(one.name) for one in needs} <= locked.keys(), name
