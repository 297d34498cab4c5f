"""What a lesson is about."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pages.cache.models import find_model
from pages.cache.task import Task
from sandseg.classes import SegmentationClass
from sandseg.teach.painting.events import class_entries
from sandseg.teach.painting.journal import About
from sandseg.teach.taught_model import network_of


@dataclass(frozen=True)
class Setting:
    """The rock as a model sees it, and the classes that a lesson begins with.

    `rock` names the rock, whatever is done to it; `shape` is (Z, Y, X). With `is_correction` the
    model's own answer is the start.
    """

    rock: str
    task: Task
    shape: tuple[int, int, int]
    classes: tuple[SegmentationClass, ...]
    is_correction: bool = False

    @property
    def n_corrected(self) -> int:
        """How many of the network's own classes its answer is the start of; 0 without."""
        if not self.is_correction:
            return 0
        return len(network_of(find_model(self.task.model_name)).classes)

    @property
    def about(self) -> About:
        """What stands beside the strokes."""
        return About(self.rock, self.shape, self.rock, self.task.model_name)


def classes_event(classes: Sequence[SegmentationClass]) -> dict[str, Any]:
    """Return what says which classes there are from now on."""
    return {"id": secrets.token_urlsafe(12), "do": "classes", "classes": class_entries(classes)}
