"""What a training would run on, found out without loading Keras or TensorFlow."""

import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import psutil
import pynvml

FRESH_S = 5.0  # a look younger than this is good enough


@dataclass(frozen=True)
class Device:
    """A processor that can train. Memory is in bytes; `note` says what keeps a better one idle."""

    kind: str  # "gpu" or "cpu"
    name: str
    memory_total: int
    memory_used: int
    n_cores: int
    note: str = ""


def training_device() -> Device:
    """Return what the next training would run on."""
    return training_devices()[0]


def training_devices() -> tuple[Device, ...]:
    """Return every GPU that the installed Keras can use, or else the CPU."""
    return _devices(int(time.monotonic() / FRESH_S))


@lru_cache(maxsize=1)
def _devices(_moment: int) -> tuple[Device, ...]:
    gpus = _gpus()
    if gpus and can_use_gpus():
        return gpus
    note = ""
    if gpus:
        note = (
            f"{gpus[0].name} is there, but the installed TensorFlow knows the CPU alone: "
            "install requirements-gpu.txt to train on it."
        )
    memory = psutil.virtual_memory()
    used = memory.total - memory.available
    return (Device("cpu", _cpu_name(), memory.total, used, _n_cores(), note),)


def can_use_gpus() -> bool:
    """Tell whether the Keras backend is one that was built for GPUs."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return True
    try:
        metadata.version("tensorflow")
    except metadata.PackageNotFoundError:
        return False
    return True


def _gpus() -> tuple[Device, ...]:
    """Ask the driver for the GPUs a process may use; a machine without one has none for us."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        return tuple(_gpu(index) for index in range(pynvml.nvmlDeviceGetCount()) if _may_use(index))
    except pynvml.NVMLError:  # one that has dropped off the bus
        return ()
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _gpu(index: int) -> Device:
    """Describe a GPU; memory it does not tell is 0."""
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    total = used = 0
    with suppress(pynvml.NVMLError):
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        total, used = memory.total, memory.used
    return Device("gpu", pynvml.nvmlDeviceGetName(handle), total, used, _n_cores())


def _may_use(index: int) -> bool:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return visible is None or str(index) in visible.split(",")


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or "CPU"


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
