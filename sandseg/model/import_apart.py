"""Take over a network in a process that may do nothing else.

A model file is read by large libraries, and may be made by somebody who knows their faults.
"""

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from sandseg.classes import SegmentationClass
from sandseg.confine.rights import give_up_rights
from sandseg.confine.start import ask_apart
from sandseg.errors import ConfigError, ModelError, SandsegError
from sandseg.model.foreign import Imported, Known, check_is_free
from sandseg.model.store import StoredModel, load_model

_KINDS = {"config": ConfigError, "model": ModelError}
# TensorFlow is the backend that exports. A graphics card would be a device to open.
_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# What TensorFlow asks about the machine, and about its own process.
_ASKED = (
    *("/proc/cpuinfo", "/proc/stat", "/proc/self", "/sys/devices/system/cpu"),
    *("/dev/urandom", "/dev/null"),
)


def import_apart(file: Path, folder: Path, like: StoredModel, known: Known) -> Imported:
    """Do what `import_model.import_model` does, in a process of its own.

    Raises:
        ModelError: As there; or the process ended without an answer.
        ConfigError: As there.
    """
    check_is_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made = Path(scratch) / folder.name
        request = {
            "file": str(file.absolute()),
            "folder": str(made.absolute()),
            "like": str(like.folder.absolute()),
            "known": asdict(known),
        }
        home = {"HOME": scratch}  # Keras, and what it brings, have settings of a user
        said = ask_apart(__spec__.name, request, more=_ENVIRONMENT | home)
        found = _understood(said, file.name)
        load_model(made.name, made.parent)  # whole, and what its card says
        made.rename(folder)
    return found


def main() -> None:
    """Read the request from stdin, make the model, and tell on stdout what was found."""
    asked = json.load(sys.stdin)
    file, folder, like = (Path(asked[name]) for name in ("file", "folder", "like"))
    tempfile.tempdir = str(folder.parent)
    # Before Keras is loaded: its backend starts threads, which would keep their rights.
    reads = [file, like, *map(Path, _ASKED)]
    give_up_rights(reads, [folder.parent], makes_folders=True)
    try:
        answer = _import(file, folder, load_model(like.name, like.parent), asked["known"])
    except SandsegError as error:
        kind = next((kind for kind, made in _KINDS.items() if isinstance(error, made)), "")
        answer = {"message": error.message, "hint": error.hint, "kind": kind}
    sys.stdout.write(json.dumps(answer))


def _import(file: Path, folder: Path, like: StoredModel, known: dict) -> dict:
    from sandseg.model.import_model import import_model  # loads Keras

    classes = tuple(SegmentationClass(**entry) for entry in known["classes"])
    told = Known(known["title"], known["scaling"], classes, tuple(known["pores"]))
    return asdict(import_model(file, folder, like, told))


def _understood(said: bytes, name: str) -> Imported:
    try:
        answer = json.loads(said)
        if "message" in answer:
            raise _KINDS.get(answer["kind"], SandsegError)(answer["message"], answer["hint"])
        classes = tuple(SegmentationClass(**entry) for entry in answer["classes"])
        return Imported(answer["n_parameters"], answer["stride"], answer["ends_with"], classes)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, SandsegError):
            raise
        raise ModelError(
            f'"{name}" cannot be taken over: reading it ended the process that did.',
            hint="The file is damaged, or larger than the memory. Save it again with Keras 3.",
        ) from error


if __name__ == "__main__":
    main()
