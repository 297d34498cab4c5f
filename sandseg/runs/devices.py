"""What a training would run on, found out without loading Keras or TensorFlow."""

import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import psutil

QUERY = ("--query-gpu=index,name,memory.total,memory.used", "--format=csv,noheader,nounits")
PATIENCE_S = 5.0  # for the driver's own tool
FRESH_S = 5.0  # a look younger than this is good enough
MIB = 2**20


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
    """Ask the driver's tool; a machine without it has no GPU for us."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        asked = subprocess.run(
            [tool, *QUERY], capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return read_gpus(asked.stdout, os.environ.get("CUDA_VISIBLE_DEVICES"))


def read_gpus(listing: str, visible: str | None = None) -> tuple[Device, ...]:
    """Read what nvidia-smi lists: index, name, and MiB of memory in all and in use, by commas.

    Args:
        listing: One line for each GPU.
        visible: What CUDA_VISIBLE_DEVICES says, if it is set.

    Returns:
        The GPUs a process may use. Memory a GPU does not tell is 0.
    """
    found = []
    for line in listing.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4 and (visible is None or parts[0] in visible.split(",")):
            total, used = (int(part) * MIB if part.isdigit() else 0 for part in parts[2:])
            found.append(Device("gpu", parts[1], total, used, _n_cores()))
    return tuple(found)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or "CPU"


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
