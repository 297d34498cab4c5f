"""Model files of other Keras: the HDF5 of Keras 2; what cannot be loaded is named."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras

from sandseg.errors import ModelError

_HDF5 = b"\x89HDF"
_NOT_KNOWN = {"Conv2DTranspose": ("groups",)}  # what Keras 2 writes and Keras 3 does not take


def is_hdf5(file: Path) -> bool:
    """Tell by its first bytes whether a file is HDF5, whatever it is called."""
    with file.open("rb") as handle:
        return handle.read(4) == _HDF5


def load_legacy(file: Path) -> keras.Model:
    """Load a network from HDF5, as Keras 2 and Keras 3 write it.

    Raises:
        ModelError: It holds weights alone, or code.
    """
    with h5py.File(file) as stored:
        text = stored.attrs.get("model_config")
    if text is None:
        raise ModelError(
            f'"{file.name}" holds weights alone, not the network they belong to.',
            hint="Where it was made, build the network, then: "
            f'network.load_weights("{file.name}"); network.save("network.h5").',
        )
    config = json.loads(text)
    _refuse_code(config, file.name)
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copyfile(file, Path(folder) / "network.h5")
        with h5py.File(copy, "r+") as stored:
            stored.attrs["model_config"] = json.dumps(_known(config))
        return keras.models.load_model(copy, compile=False, safe_mode=True)


def check_keras_archive(file: Path) -> None:
    """Check that Keras 3 wrote a .keras file, without code in it.

    Raises:
        ModelError: It did not, or it holds code.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelError(
            f'"{file.name}" is no .keras file.',
            hint='Save the network again, by network.save("network.keras").',
        ) from error
    modules = {part["module"] for part in _parts(config) if isinstance(part.get("module"), str)}
    if any(
        module.startswith(("tf_keras", "keras.engine", "keras.src.engine")) for module in modules
    ):
        raise ModelError(
            f'"{file.name}" was saved by Keras 2 (tf_keras); Keras 3 reads only its HDF5.',
            hint="Where it was made, save it again: "
            f'tf_keras.models.load_model("{file.name}").save("network.h5").',
        )
    _refuse_code(config, file.name)


def _refuse_code(config: dict, name: str) -> None:
    lambdas = [part for part in _parts(config) if part.get("class_name") == "Lambda"]
    if lambdas:
        layer = (lambdas[0].get("config") or {}).get("name", "lambda")
        raise ModelError(
            f'"{name}" has a Lambda layer, "{layer}": code of its own, which is not run here.',
            hint="Where it was made, put a layer of Keras in its place, such as "
            "keras.layers.Rescaling(1 / 255) for a division, and save it again.",
        )


def _parts(config: object) -> list[dict]:
    """Return all dictionaries in what JSON holds, the outer ones first."""
    if isinstance(config, dict):
        return [config, *(part for value in config.values() for part in _parts(value))]
    if isinstance(config, list):
        return [part for value in config for part in _parts(value)]
    return []


def _known(config: dict) -> dict:
    """Return the config without entries that Keras 3 does not take, where they say the usual."""
    for part in _parts(config):
        layer = part.get("config")
        for entry in _NOT_KNOWN.get(part.get("class_name", ""), ()):
            if isinstance(layer, dict) and layer.get(entry) == 1:
                del layer[entry]
    return config
