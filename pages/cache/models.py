"""The models at hand, read and loaded once for all visitors."""

from collections.abc import Sequence
from pathlib import Path

from pages.cache.store import kept
from sandseg.classes import SegmentationClass
from sandseg.model import store
from sandseg.model.engine import PredictBatch
from sandseg.model.store import StoredModel
from sandseg.runs.added_models import hidden_models
from sandseg.teach import taught_model

ENGINE_BYTES = 96 * 2**20  # compiled for some sizes of tile


def list_models() -> list[StoredModel]:
    """Return the models to choose from; those that somebody has hidden are left out."""
    hidden = _hidden(*_folder())
    return [model for model in all_models() if model.name not in hidden]


def all_models() -> list[StoredModel]:
    """Return the models at hand; they are read again when one is added, replaced or removed."""
    return _models(*_folder())


def _folder() -> tuple[str, int]:
    """The folder of the models, and when it was last changed."""
    folder = store.models_folder()
    return str(folder), folder.stat().st_mtime_ns if folder.is_dir() else 0


@kept()
def _models(_folder: str, _changed_ns: int) -> list[StoredModel]:
    return store.list_models()


@kept()
def _hidden(_folder: str, _changed_ns: int) -> set[str]:
    return hidden_models()


def find_model(name: str) -> StoredModel:
    """Return one of the models at hand, or the one in a folder that is named in full.

    Raises:
        ModelError: There is none of this name, or it is damaged.
    """
    if Path(name).is_absolute():
        return _model_in(name)
    found = next((model for model in all_models() if model.name == name), None)
    return found or store.load_model(name)


@kept()
def _model_in(folder: str) -> StoredModel:
    return store.load_model(Path(folder).name, Path(folder).parent)


def classes_of(model_name: str) -> Sequence[SegmentationClass]:
    """Return the classes a model tells apart; raises as `find_model` does."""
    return find_model(model_name).classes


@kept(weight=ENGINE_BYTES)
def load_network(model_name: str, _model_sha256: str) -> PredictBatch:
    """Load a model for prediction; all visitors share it."""
    return taught_model.load_network(find_model(model_name))
