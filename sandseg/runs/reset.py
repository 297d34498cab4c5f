"""A server is brought back to how it was set up: what visitors made and brought goes."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sandseg.lock import locked
from sandseg.runs.added_models import added_models, hidden_models, remove_model, show_model
from sandseg.runs.permissions import Visitor, require_teacher, require_training
from sandseg.runs.process import kill
from sandseg.runs.queue import LOCK
from sandseg.runs.status import run_folders
from sandseg.settings import runs_root
from sandseg.uploads import workspace


@dataclass(frozen=True)
class Leftovers:
    """What a reset takes away: folders of trainings, models and ended visits, and hidden names."""

    runs: tuple[Path, ...]
    models: tuple[Path, ...]
    hidden: tuple[str, ...]
    visits: tuple[Path, ...]


def leftovers() -> Leftovers:
    """Return what a reset would take away now.

    Raises:
        SandsegError: The visitors' folders cannot be looked at.
    """
    return Leftovers(
        tuple(run_folders()),
        tuple(added_models()),
        tuple(sorted(hidden_models())),
        tuple(workspace.unserved()),
    )


def reset_server(by: Visitor) -> Leftovers:
    """End and remove all trainings, the models visitors added, and what ended visits left.

    What is being worked with stays: visits that go on, and their files.

    Returns:
        What is gone.

    Raises:
        TrainingError: Training is off, or the visitor does not know the operator's token.
        SandsegError: A folder is closed to the app.
    """
    require_training()
    require_teacher(by)
    gone = leftovers()
    with locked(runs_root() / LOCK):
        for folder in gone.runs:
            kill(folder)
            shutil.rmtree(folder, ignore_errors=True)
    for folder in gone.models:
        remove_model(folder.name, by)
    for name in hidden_models():
        show_model(name, by)
    for folder in gone.visits:
        workspace.remove_folder(folder)
    return gone
