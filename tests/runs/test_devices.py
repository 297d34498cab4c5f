import time
from types import SimpleNamespace

import pynvml
import pytest

from sandseg.runs import devices
from sandseg.runs.devices import training_device, training_devices

NAMES = ("NVIDIA H200", "NVIDIA A2")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    devices._devices.cache_clear()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    yield
    devices._devices.cache_clear()


@pytest.fixture
def driver(monkeypatch):
    """A driver that knows two GPUs; the second does not tell its memory. It counts who uses it."""

    def memory(index):
        if index:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(total=143771 * 2**20, used=512 * 2**20)

    users = []
    for name, answer in {
        "nvmlInit": lambda: users.append("one"),
        "nvmlShutdown": users.clear,
        "nvmlDeviceGetCount": lambda: len(NAMES),
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": NAMES.__getitem__,
        "nvmlDeviceGetMemoryInfo": memory,
    }.items():
        monkeypatch.setattr(pynvml, name, answer)
    return users


def fail(*_args):
    raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)


def test_gpus_are_told_with_their_memory_in_bytes(driver, monkeypatch):
    monkeypatch.setattr(devices, "can_use_gpus", lambda: True)

    first, second = training_devices()

    assert (first.kind, first.name) == ("gpu", "NVIDIA H200")
    assert (first.memory_total, first.memory_used) == (143771 * 2**20, 512 * 2**20)
    assert (second.name, second.memory_total, second.memory_used) == ("NVIDIA A2", 0, 0)
    assert not driver, "the driver was not let go"


@pytest.mark.parametrize(("visible", "names"), [("1", NAMES[1:]), ("", ()), ("0,1", NAMES)])
def test_only_gpus_that_processes_may_use_count(driver, monkeypatch, visible, names):
    monkeypatch.setattr(devices, "can_use_gpus", lambda: True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert tuple(one.name for one in training_devices() if one.kind == "gpu") == names


def test_a_gpu_that_keras_cannot_use_is_named_beside_the_cpu(driver, monkeypatch):
    monkeypatch.setattr(devices, "can_use_gpus", lambda: False)

    device = training_device()

    assert device.kind == "cpu"
    assert "NVIDIA H200 is there" in device.note
    assert "requirements-gpu.txt" in device.note


def test_gpus_come_first_where_keras_can_use_them(driver, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    assert [device.name for device in training_devices()] == ["NVIDIA H200", "NVIDIA A2"]


@pytest.mark.parametrize("call", ["nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"])
def test_a_driver_that_fails_leaves_the_cpu(driver, monkeypatch, call):
    monkeypatch.setattr(pynvml, call, fail)

    device = training_device()

    assert (device.kind, device.note) == ("cpu", "")
    assert not driver


def test_without_a_driver_the_cpu_is_told_in_no_time(monkeypatch):
    monkeypatch.setattr(pynvml, "_LoadNvmlLibrary", no_library)

    began = time.perf_counter()
    device = training_device()

    assert time.perf_counter() - began < 1  # milliseconds, on a machine that is not busy
    assert (device.kind, device.note) == ("cpu", "")
    assert device.name
    assert device.n_cores >= 1
    assert 0 < device.memory_used < device.memory_total


def no_library():
    raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
