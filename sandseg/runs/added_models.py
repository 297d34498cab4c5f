"""Models that visitors add to the others: kept, hidden from the lists, and removed again."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandseg.atomic import read_entries, write_json
from sandseg.errors import ModelError, TrainingError
from sandseg.lock import locked
from sandseg.model.store import CARD, SAFE_NAME, add_model
from sandseg.ownership import is_signed
from sandseg.runs.control import model_folder
from sandseg.runs.folder import run_path
from sandseg.runs.permissions import NOBODY, Visitor, require_right, require_start, require_training
from sandseg.runs.queue import LOCK
from sandseg.settings import models_folder, runs_root

HIDDEN = "hidden.json"  # beside the models: the names of those that no list shows


def use_model(run_id: str, name: str, by: Visitor = NOBODY) -> Path:
    """Copy the model of a run to the others, so that every page offers it.

    Args:
        run_id: Of a run that made a model.
        name: The model's new name: letters, digits, ".", "_" and "-".
        by: Who asks.

    Returns:
        The new model folder; it appears whole or not at all.

    Raises:
        TrainingError: There is no such run, it has no model yet, training is off, or it is another
            visitor's.
        ModelError: The name is taken or cannot be used, or the model is damaged.
    """
    require_training()
    require_right(run_path(run_id), by)
    made = model_folder(run_id)
    if made is None:
        raise TrainingError("This run has no model yet.", hint="Wait for its first epoch's end.")
    return add_model(made, name, by.key)


def keep_model(made: Path, name: str, by: Visitor = NOBODY) -> Path:
    """Add a model that was made elsewhere, as one taught by strokes, to the others.

    Raises:
        TrainingError: Training is off, or needs a token that this is not.
        ModelError: The name is taken or cannot be used, or the model is damaged.
    """
    require_start(by)
    return add_model(made, name, by.key)


def remove_model(name: str, by: Visitor = NOBODY) -> None:
    """Remove a model that a visitor added.

    Raises:
        TrainingError: Training is off, or the model is another visitor's.
        ModelError: There is no such model, or no visitor added it.
    """
    folder = _changeable(name, by)
    if not is_signed(folder):
        raise ModelError(
            f'The model "{name}" was not added by a visitor.',
            hint="Hide it instead; its folder is removed by hand.",
        )
    with _changing():
        with tempfile.TemporaryDirectory(dir=models_folder(), prefix=".gone-") as place:
            shutil.move(folder, Path(place) / name)  # from one moment to the next
        _write_hidden(hidden_models() - {name})


def hide_model(name: str, by: Visitor = NOBODY) -> None:
    """Leave a model out of all lists; who has a link to it or names it can still use it.

    Raises:
        TrainingError: Training is off, or the model is another visitor's.
        ModelError: There is no such model, or it is the last one to be seen.
    """
    _changeable(name, by)
    with _changing():
        hidden = hidden_models() | {name}
        if {card.parent.name for card in models_folder().glob(f"*/{CARD}")} <= hidden:
            raise ModelError("No model would be left to see.", hint="Show another one first.")
        _write_hidden(hidden)


def show_model(name: str, by: Visitor = NOBODY) -> None:
    """Put a hidden model into the lists again.

    Raises:
        TrainingError: Training is off, or the model is another visitor's.
        ModelError: There is no such model.
    """
    _changeable(name, by)
    with _changing():
        _write_hidden(hidden_models() - {name})


def hidden_models() -> set[str]:
    """Return the names of the models that no list shows."""
    names = read_entries(models_folder() / HIDDEN).get("names")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def added_models() -> list[Path]:
    """Return the folders of the models that visitors added."""
    return sorted(c.parent for c in models_folder().glob(f"*/{CARD}") if is_signed(c.parent))


def _changeable(name: str, by: Visitor) -> Path:
    """Return the folder of a model, if it may be changed."""
    require_training()
    folder = models_folder() / name
    if not SAFE_NAME.fullmatch(name) or not (folder / CARD).is_file():
        raise ModelError(f'There is no model "{name[:64]}".', hint="It may have been removed.")
    require_right(folder, by)
    return folder


@contextmanager
def _changing() -> Iterator[None]:
    """Change the models one visitor after the other.

    Raises:
        ModelError: The folder cannot be written to.
    """
    try:
        with locked(runs_root() / LOCK):
            yield
    except OSError as error:
        raise ModelError(
            f"The models cannot be changed: {error.strerror or error}.",
            hint="The folder of the models is closed to the app; whoever runs it can open it.",
        ) from error


def _write_hidden(names: set[str]) -> None:
    path = models_folder() / HIDDEN
    if names:
        write_json(path, {"names": sorted(names)})
    else:
        path.unlink(missing_ok=True)
