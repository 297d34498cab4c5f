"""What a training writes into its run folder while it works: status, metrics, pictures."""

import errno
import json
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from sandseg.atomic import write_bytes, write_json
from sandseg.classes import SegmentationClass
from sandseg.data.patches import telling_window
from sandseg.errors import SandsegError, TrainingError
from sandseg.export.pictures import encode_palette_png, encode_png
from sandseg.runs.folder import (
    IMAGE_PICTURE,
    METRICS,
    PAUSE,
    REPLAY,
    SAMPLES,
    STATUS,
    STOP,
    TRUTH_PICTURE,
    EpochReport,
    status_entries,
)
from sandseg.runs.process import enter_process
from sandseg.runs.settings import RunSettings

HEARTBEAT_S = 1.0
N_TIMED_STEPS = 50
SAMPLE_SIZE = 256  # edge of the pictures in pixels
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RunWriter:
    """Keeps the status of a run up to date; at most one write a second while steps go by."""

    def __init__(self, folder: Path, settings: RunSettings, max_hours: float):
        self.folder = folder
        before = status_entries(folder)
        self._start = time.monotonic() - float(before.get("seconds", 0.0))
        self._deadline = max_hours * 3600
        self._written, self._steps = 0.0, deque(maxlen=N_TIMED_STEPS)
        self._epoch_seconds: list[float] = []
        self._entries = {**before, "n_epochs": settings.config.epochs, "message": "", "hint": ""}

    def enter(self, device: str) -> None:
        """Say that this process is at work on the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        enter_process(self.folder)
        self.tell(state="running", message="Reading the slices", device=device)

    def tell(self, **entries: object) -> None:
        """Change entries of the status and write it, if the folder is there."""
        now = time.time()
        self._entries |= entries | {"heartbeat": now, "seconds": self.seconds}
        self._written = time.monotonic()
        if self.folder.is_dir():
            write_json(self.folder / STATUS, self._entries)

    @property
    def seconds(self) -> float:
        """Time spent on the run so far, over all its processes."""
        return time.monotonic() - self._start

    def wanted(self) -> str:
        """What the run is asked to do: "stop", "pause", or "" to go on."""
        if (self.folder / STOP).exists() or self.is_overdue:
            return "stop"
        return "pause" if (self.folder / PAUSE).exists() else ""

    @property
    def is_overdue(self) -> bool:
        """Whether the run took longer than the operator allows."""
        return self.seconds > self._deadline

    def begin(self, n_steps: int, warnings: Sequence[str]) -> None:
        """The data are read: training begins."""
        message = "Preparing the network"
        self.tell(n_steps=n_steps, warnings=list(warnings), step=0, message=message)

    def step(self, epoch: int, step: int) -> None:
        """So many epochs, and steps of the next one, are done."""
        self._steps.append(time.monotonic())
        is_last = step >= self._entries["n_steps"]
        if not is_last and time.monotonic() - self._written < HEARTBEAT_S:
            return
        per_step = None
        if len(self._steps) > 1:
            per_step = (self._steps[-1] - self._steps[0]) / (len(self._steps) - 1)
        self.tell(
            epoch=epoch,
            step=step,
            seconds_per_step=per_step,
            seconds_left=self._seconds_left(epoch, step, per_step),
            message="Checking on the validation part" if is_last else "Training",
        )

    def _seconds_left(self, epoch: int, step: int, per_step: float | None) -> float | None:
        if per_step is None:
            return None
        n_steps, n_epochs = self._entries["n_steps"], self._entries["n_epochs"]
        whole = float(np.median(self._epoch_seconds or [n_steps * per_step]))
        return (n_steps - step) * per_step + whole * (n_epochs - epoch - 1)

    def epoch(self, report: EpochReport) -> None:
        """Record a complete epoch."""
        record = asdict(report) | {"iou": [_finite(value) for value in report.iou]}
        record["mean_iou"] = _finite(report.mean_iou)
        with (self.folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self._epoch_seconds.append(report.seconds)
        self._steps.clear()
        self.tell(epoch=report.epoch, step=0, message="Training")

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Say how the run ended if it does not end well."""
        try:
            yield
        except SandsegError as error:
            self._fail(error.message, error.hint)
            raise
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            full = TrainingError(
                "The disk is full, so the training ended; what its last checkpoint holds is kept.",
                hint="Make room, for example by deleting old runs, then resume the run.",
            )
            self._fail(full.message, full.hint)
            raise full from error
        except (SystemExit, KeyboardInterrupt):
            message = "The training was interrupted; it goes on from its last checkpoint."
            self.tell(state="paused", message=message)
            raise

    def _fail(self, message: str, hint: str) -> None:
        with suppress(OSError):  # on a full disk the log still says it
            self.tell(state="failed", message=message, hint=hint)


class SamplePainter:
    """Draws the labels predicted for one fixed, telling place of the validation slices.

    Args:
        folder: The run's folder.
        validation: Pairs of (Y, X) float32 images in [0, 1] and (Y, X) uint8 labels.
        classes: What the labels mean; they give the colors.
    """

    def __init__(
        self,
        folder: Path,
        validation: Sequence[tuple[np.ndarray, np.ndarray]],
        classes: Sequence[SegmentationClass],
    ):
        self._folder, self._classes = folder / SAMPLES, classes
        position, window = telling_window([labels for _, labels in validation], SAMPLE_SIZE)
        self._image, labels = (part[window] for part in validation[position])
        self._folder.mkdir(exist_ok=True)
        grey = np.round(self._image * 255).astype(np.uint8)
        write_bytes(self._folder / IMAGE_PICTURE, encode_png(grey))
        write_bytes(self._folder / TRUTH_PICTURE, encode_palette_png(labels, classes))

    def draw(self, epoch: int, predict: Callable[[np.ndarray], np.ndarray]) -> None:
        """Draw what (Y, X, C) logits `predict` gives for the (Y, X) image after an epoch."""
        labels = predict(self._image).argmax(axis=-1).astype(np.uint8)
        picture = encode_palette_png(labels, self._classes)
        write_bytes(self._folder / f"epoch_{epoch:03}.png", picture)


def add_replay(folder: Path, model: Path) -> None:
    """Put the run's pictures into its model folder, so that the training can be watched again."""
    part = model / f"{REPLAY}.part"
    shutil.copytree(folder / SAMPLES, part)
    part.rename(model / REPLAY)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
