"""How long a training step takes on this machine: measured by a process, kept on disk."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from sandseg.atomic import read_json
from sandseg.lock import locked
from sandseg.runs import process
from sandseg.runs.devices import training_device
from sandseg.runs.folder import ESTIMATE
from sandseg.runs.permissions import NOBODY, Visitor, require_start
from sandseg.runs.settings import RunSettings, write_settings
from sandseg.settings import cache_folder

LOCK = ".lock"


@dataclass(frozen=True)
class Estimate:
    """What a step takes, without reading data and validation. `message` says why it failed."""

    seconds_per_step: float
    n_parameters: int
    device: str
    message: str = ""
    hint: str = ""


def start_estimate(settings: RunSettings, by: Visitor = NOBODY) -> None:
    """Measure in a process of its own, unless it is known or being measured.

    Raises:
        TrainingError: Training is off, or the token is wrong.
    """
    require_start(by)
    folder = _folder(settings)
    with locked(folder.parent / LOCK):
        if process.is_alive(folder) or _is_known(read_estimate(settings)):
            return
        folder.mkdir(exist_ok=True)
        (folder / ESTIMATE).unlink(missing_ok=True)
        write_settings(folder, settings)
        command = [sys.executable, "-m", "sandseg", "train", "--estimate", "--run", str(folder)]
        process.launch(command, folder)


def read_estimate(settings: RunSettings) -> Estimate | None:
    """Return what was measured; None while it is measured, or if nobody asked."""
    folder = _folder(settings)
    is_alive = process.is_alive(folder)
    found = read_json(folder / ESTIMATE)
    if found:
        return Estimate(**({"seconds_per_step": 0.0, "n_parameters": 0} | found))
    if is_alive or not folder.is_dir():
        return None
    message, hint = process.last_words(folder, "The measuring ended unexpectedly.")
    return Estimate(0.0, 0, training_device().name, message, hint)


def _is_known(estimate: Estimate | None) -> bool:
    return estimate is not None and not estimate.message


def _folder(settings: RunSettings) -> Path:
    """One folder for each network, batch, patch and device."""
    config = settings.config
    key = {
        "unet": asdict(config.unet),
        "batch": (config.batch_size, config.patch_size, config.mixed_precision),
        "recipe": (config.loss, config.optimizer),
        "device": training_device().name,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return cache_folder().absolute() / "estimates" / digest[:16]
