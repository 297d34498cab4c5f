"""The shipped and trained models: one folder each, listed only when every checksum fits."""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.atomic import write_bytes
from sandseg.classes import SegmentationClass
from sandseg.config import ImportedNetConfig, UNetConfig
from sandseg.errors import ModelError
from sandseg.model.card import parse_card
from sandseg.ownership import SIGNATURE, sign
from sandseg.settings import models_folder, runs_root

CARD = "card.json"
DEFAULT_MODEL = "sandstone-compact"
AUTO = "auto"  # in place of a name: the right model for a scan
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class StoredModel:
    """A model folder whose files are what its card says. `card` is the whole card as written."""

    name: str
    folder: Path
    title: str
    classes: tuple[SegmentationClass, ...]
    unet: UNetConfig | ImportedNetConfig
    histogram: np.ndarray  # (256,) of the training slices, over [0, 1]
    card: dict

    @property
    def sha256(self) -> str:
        """One checksum for the whole model; results can be cached under it."""
        listed = json.dumps(self.card["files"], sort_keys=True)
        return hashlib.sha256(listed.encode()).hexdigest()

    @property
    def landmarks(self) -> tuple[float, float] | None:
        """Where air and the commonest solid are on its scale; None for a model of one rock."""
        told = self.card["intensity"].get("landmarks")
        return (told["air"], told["solid"]) if told else None

    @property
    def is_taught(self) -> bool:
        """Whether strokes taught it what a network's features mean: see `teach.taught_model`."""
        return "taught" in self.card


def list_models(folder: Path | None = None) -> list[StoredModel]:
    """Return every undamaged network, trained or taught, the default first, taught ones last."""
    folder = folder or models_folder()
    found = []
    for card in sorted(folder.glob(f"*/{CARD}")):
        try:
            found.append(load_model(card.parent.name, folder))
        except ModelError:
            continue  # a damaged model is not offered; asked for by name, it says why
    return sorted(found, key=lambda m: (m.name != DEFAULT_MODEL, m.is_taught, m.name))


def load_model(name: str = DEFAULT_MODEL, folder: Path | None = None) -> StoredModel:
    """Read the card of one model and check its files.

    Raises:
        ModelError: There is no such model, a file is missing, or a checksum does not fit.
    """
    parent = folder or models_folder()
    path = parent / name / CARD
    if Path(name).name != name or not path.is_file():
        known = ", ".join(sorted(card.parent.name for card in parent.glob(f"*/{CARD}"))) or "none"
        raise ModelError(
            f'There is no model "{name}".', hint=f"Choose one of the models at hand: {known}."
        )
    try:
        card = parse_card(path.read_text(encoding="utf-8"))
        _check_files(path.parent, card["files"])
        return StoredModel(
            name=name,
            folder=path.parent,
            title=card["title"],
            classes=tuple(SegmentationClass(**entry) for entry in card["classes"]),
            unet=_network(card["architecture"]),
            histogram=np.asarray(card["intensity"]["histogram"], np.float64),
            card=card,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ModelError(
            f'The card of the model "{name}" cannot be read ({type(error).__name__}: {error}).',
            hint="Restore the folder from its source, or delete it.",
        ) from error


def check_new_name(name: str) -> None:
    """Check that a model can be added under a name.

    Raises:
        ModelError: The name cannot be used, or is taken.
    """
    if not SAFE_NAME.fullmatch(name) or name in (runs_root().name, AUTO):
        raise ModelError(
            f'"{name[:64]}" cannot be the name of a model.',
            hint='Use letters, digits, ".", "_" and "-"; begin with a letter or a digit.',
        )
    if (models_folder() / name).exists():
        raise _taken(name)


def add_model(made: Path, name: str, key: str = "") -> Path:
    """Copy a model folder to the others, so that every page and command offers it.

    Args:
        made: The folder to copy.
        name: The model's new name.
        key: Of the visitor who adds it, to whom it then belongs; "" for the operator.

    Returns:
        The new folder; it appears whole or not at all.

    Raises:
        ModelError: The name is taken or cannot be used, or the model is damaged.
    """
    check_new_name(name)
    card, target = load_model(made.name, made.parent).card, models_folder() / name
    models_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_folder(), prefix=".new-") as parent:
        copy = Path(parent) / name
        shutil.copytree(made, copy)
        write_card(copy, card | {"name": name}, tuple(card["files"]))
        (copy / SIGNATURE).unlink(missing_ok=True)
        sign(copy, key)
        try:
            if target.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            copy.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            raise _taken(name) from error
    return target


def _taken(name: str) -> ModelError:
    return ModelError(f'There is a model named "{name}" already.', hint="Choose another name.")


def write_card(folder: Path, card: dict, files: Sequence[str]) -> None:
    """Write card.json with the checksums of the files beside it."""
    card = {**card, "files": {name: file_sha256(folder / name) for name in files}}
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    write_bytes(folder / CARD, text.encode())


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _network(architecture: dict) -> UNetConfig | ImportedNetConfig:
    kind = ImportedNetConfig if architecture.get("imported") else UNetConfig
    return kind(**architecture)


def _check_files(folder: Path, files: dict[str, str]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(
                f'The model "{folder.name}" lacks its file {name}.',
                hint="Restore the folder from its source, or delete it.",
            )
        if file_sha256(path) != expected:
            raise ModelError(
                f'The file {name} of the model "{folder.name}" is damaged: '
                "its checksum is not the one on the card.",
                hint="Restore the folder from its source, or delete it.",
            )
