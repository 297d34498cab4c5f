import os
import stat
import sys

import pytest

from sandseg.runs import devices
from sandseg.runs.devices import read_gpus, training_device, training_devices

LISTING = "0, NVIDIA H200, 143771, 512\n1, NVIDIA A2, 15356, [N/A]\n"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    devices._devices.cache_clear()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    yield
    devices._devices.cache_clear()


@pytest.fixture
def driver_tool(tmp_path, monkeypatch):
    """Puts a made-up nvidia-smi first on the path; it writes, and ends with a code."""

    def make(listing, code=0):
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\nprintf '{listing}'\nexit {code}\n")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return make


def test_gpus_are_read_with_their_memory_in_bytes():
    first, second = read_gpus(LISTING)

    assert (first.kind, first.name) == ("gpu", "NVIDIA H200")
    assert (first.memory_total, first.memory_used) == (143771 * 2**20, 512 * 2**20)
    assert (second.name, second.memory_used) == ("NVIDIA A2", 0)


@pytest.mark.parametrize(("visible", "names"), [("1", ["NVIDIA A2"]), ("", []), ("0,1", None)])
def test_only_gpus_that_processes_may_use_count(visible, names):
    found = [gpu.name for gpu in read_gpus(LISTING, visible)]

    assert found == (names if names is not None else ["NVIDIA H200", "NVIDIA A2"])


def test_lines_that_are_no_gpu_are_left_out():
    assert read_gpus("No devices were found\n\n") == ()


@pytest.mark.skipif(sys.platform == "win32", reason="The made-up tool is a shell script.")
def test_a_gpu_that_keras_cannot_use_is_named_beside_the_cpu(driver_tool, monkeypatch):
    driver_tool(LISTING)
    monkeypatch.setattr(devices, "can_use_gpus", lambda: False)

    device = training_device()

    assert device.kind == "cpu"
    assert "NVIDIA H200 is there" in device.note
    assert "requirements-gpu.txt" in device.note


@pytest.mark.skipif(sys.platform == "win32", reason="The made-up tool is a shell script.")
def test_gpus_come_first_where_keras_can_use_them(driver_tool, monkeypatch):
    driver_tool(LISTING)
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    assert [device.name for device in training_devices()] == ["NVIDIA H200", "NVIDIA A2"]


@pytest.mark.skipif(sys.platform == "win32", reason="The made-up tool is a shell script.")
def test_a_driver_that_fails_leaves_the_cpu(driver_tool):
    driver_tool("NVIDIA-SMI has failed", 9)

    device = training_device()

    assert (device.kind, device.note) == ("cpu", "")
    assert device.name
    assert device.n_cores >= 1
    assert 0 < device.memory_used < device.memory_total
