"""Rocks to start with: the built-in phantom, and slices of a real sandstone if at hand."""

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pooch
import requests

from sandseg import grains, phantom
from sandseg.errors import SandsegError, StackError
from sandseg.phantom import PhantomConfig, make_phantom
from sandseg.stack import Stack, open_stack, read_labels

# Fixed for all who train: scores on the test slice mean something only while nobody learns from it.
SPLIT = {
    "train": ("0000", "0050", "0100", "0200", "0250"),
    "validation": ("0150",),
    "test": ("0300",),
}
UNLABELLED_SLICES = ("0180",)
SANDSTONE_VOXEL_SIZE_UM = 2.2315
SANDSTONE_URL = "https://raw.githubusercontent.com/bnsreenu/python_for_microscopists/master/images/"
_IMAGE_SHA256 = {
    "0000": "679a580fbb701fa9793d54ebad84b56ac9702b1ef7d695911ce816b8edb53182",
    "0050": "2c4c3eb95578b9da2bed139f03da5ab453f97415396ab94d2b4088899ba335ee",
    "0100": "7a8fbb85cd75a997afb670d0a50547e011d58a0e851eb44589a74807f588ca66",
    "0150": "cfedf80523d836453d2f91e282d871b592466c198dc8149b2afade1de069d245",
    "0180": "73f0cec2fb552a736b567d68813bc342a9beaad80a93a99bee96c9cce9e6e439",
    "0200": "cbf570c847b09c9724e68c911751ad42ffc6ac0e55c8ca8e2ded21351af0d053",
    "0250": "a744a491011949f0aa6aaf7508bf6c823a7636c619ce016fd0b89ddc05ff486a",
    "0300": "8ddf1231f26031f380f1660f47aadd31c1a5c9f9f2746fcac2476f8375fe3e88",
}
_MASK_SHA256 = {
    "0000": "a56f4362cdb5139058bdcc8a078958dd0933684602e7617829be01688ff2ee66",
    "0050": "49b590712c89ba7761460a8f1ae21d79cd8816c6d54ef9a8bb7c91ca08858b2f",
    "0100": "fd5d5ac0982a7733b9c5f58a0a936058eac688d1b38be3d605e34fe88ecdf1a3",
    "0150": "7c410f73884180f5a684195ca07dd254dd4b1f97fcbfbfb330363a1d99ea78f3",
    "0200": "a227c379f6adfaccebc44fe503afda053ec70c92bc8c826d8df3bce965fd309f",
    "0250": "631166a9af7f3ce3ee891caca59210600edf8678dec294a163c7da1d4c9b5b03",
    "0300": "4f3b2c66f4088ba13d09cdbb8b7e662cfaf7d4d08c6837e46d23149d4ff11439",
}
SANDSTONE_SHA256 = {
    f"{folder}/Sandstone_Versa{number}.tif": sha256
    for folder, pinned in (("images", _IMAGE_SHA256), ("masks", _MASK_SHA256))
    for number, sha256 in pinned.items()
}
DOWNLOAD_TIMEOUT_S = 30


@dataclass(frozen=True)
class Sample:
    """A stack to try things on.

    `key` fits into an address; `origin` is "synthetic" or "real"; `split` is "train",
    "validation" or "test" for slices the split names, else None.
    """

    key: str
    title: str
    description: str
    voxel_size_um: float
    origin: str
    split: str | None
    has_labels: bool


def list_samples() -> tuple[Sample, ...]:
    """Return the phantom and the real slices that are at hand, in the order of their numbers."""
    return (_phantom_sample(), *map(_slice_sample, _slices_at_hand()))


def open_sample(key: str) -> Stack:
    """Open the grey slices of a sample.

    Raises:
        StackError: There is no such sample, or its file is not at hand or damaged.
    """
    sample = _find_sample(key)
    if sample.origin == "synthetic":
        return Stack.from_array(_cached_phantom()[0], sample.title, sample.voxel_size_um)
    stack = open_stack(_find_file(_image_name(_slice_number(key))), sample.title)
    stack.voxel_size_um = sample.voxel_size_um  # the files of this scan carry none
    return stack


def sample_labels(key: str) -> np.ndarray | None:
    """Return the true labels of a sample, (Z, Y, X) uint8, or None where nobody labelled it.

    Raises:
        StackError: There is no such sample, or its file is not at hand or damaged.
    """
    sample = _find_sample(key)
    if not sample.has_labels:
        return None
    if sample.origin == "synthetic":
        return _cached_phantom()[1]
    return read_labels(_find_file(_mask_name(_slice_number(key))), sample.title)


def _find_sample(key: str) -> Sample:
    samples = {sample.key: sample for sample in list_samples()}
    if key in samples:
        return samples[key]
    if key in {f"sandstone-{number}" for number in _all_slices()}:
        raise StackError(
            f'The sample "{key}" is a slice of the real sandstone, which is not on this computer.',
            hint="Download the real sandstone, or set SANDSEG_DATA to the folder that holds it.",
        )
    raise StackError(f'There is no sample "{key}".', hint=f"Choose one of: {', '.join(samples)}.")


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again: `SANDSEG_CACHE`, or the user's."""
    return Path(os.environ.get("SANDSEG_CACHE") or pooch.os_cache("sandseg"))


# ---------------------------------------------------------------------------------- real sandstone


def fetch_sandstone(on_progress: Callable[[int, int], None] = lambda _done, _total: None) -> Path:
    """Download the slices and labels that the cache does not hold yet, and check each.

    Args:
        on_progress: Called with the number of files done and of all files, from 0 on.

    Returns:
        The folder that holds `images` and `masks`.

    Raises:
        SandsegError: The server cannot be reached, or it sent something else.
    """
    folder = cache_folder() / "sandstone"
    on_progress(0, len(SANDSTONE_SHA256))
    for n_done, (name, sha256) in enumerate(sorted(SANDSTONE_SHA256.items()), start=1):
        _fetch(name, sha256, folder)
        on_progress(n_done, len(SANDSTONE_SHA256))
    return folder


def _fetch(name: str, sha256: str, folder: Path) -> None:
    target = folder / name
    pooch.get_logger().setLevel(logging.WARNING)  # progress is reported by `on_progress`
    try:
        pooch.retrieve(
            _address(name),
            known_hash=f"sha256:{sha256}",
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(timeout=DOWNLOAD_TIMEOUT_S),
        )
    except requests.RequestException as error:
        raise SandsegError(
            f'"{target.name}" of the real sandstone could not be downloaded.',
            hint="Check the internet connection and try again, or use the built-in phantom.",
        ) from error
    except ValueError as error:  # what pooch raises for a wrong checksum, once the file is gone
        raise SandsegError(
            f'"{target.name}" is not the file that was published: its checksum differs. '
            "It was deleted for safety.",
            hint="Try again; if it happens again, the file was changed where it is kept.",
        ) from error
    except OSError as error:
        raise SandsegError(
            f'"{target.name}" could not be saved in {target.parent}: {error.strerror or error}.',
            hint="Make room there, or set SANDSEG_CACHE to a folder that can be written to.",
        ) from error


def _address(name: str) -> str:
    """Where a file lies: images and masks in folders of their own, the unlabelled slice beside."""
    folder, file = name.split("/")
    folders = {"images": "Train_images/", "masks": "Train_masks/"}
    is_apart = any(number in file for number in UNLABELLED_SLICES)
    published = f"{file.removesuffix('.tif')}_image.tif" if is_apart else file
    base = os.environ.get("SANDSEG_MIRROR") or SANDSTONE_URL
    return base.rstrip("/") + "/" + ("" if is_apart else folders[folder]) + published


def _image_name(number: str) -> str:
    return f"images/Sandstone_Versa{number}.tif"


def _mask_name(number: str) -> str:
    return f"masks/Sandstone_Versa{number}.tif"


def _slice_number(key: str) -> str:
    return key.removeprefix("sandstone-")


def _all_slices() -> list[str]:
    return sorted(sum(SPLIT.values(), UNLABELLED_SLICES))


def _slices_at_hand() -> list[str]:
    return [number for number in _all_slices() if _find_file(_image_name(number))]


def _find_file(name: str) -> Path | None:
    """Look in the folder the user names, then among what was downloaded."""
    named = os.environ.get("SANDSEG_DATA")
    folders = [Path(named), cache_folder()] if named else [cache_folder()]
    paths = (folder / "sandstone" / name for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def _slice_sample(number: str) -> Sample:
    split = next((part for part, numbers in SPLIT.items() if number in numbers), None)
    use = {
        "train": "the bundled models learned from it",
        "validation": "used to choose among models",
        "test": "kept apart for the final score",
        None: "nobody labelled it",
    }[split]
    return Sample(
        key=f"sandstone-{number}",
        title=f"Sandstone, slice {number}",
        description=f"Slice {int(number)} of 462 through a 2 mm core, X-ray microscope; {use}.",
        voxel_size_um=SANDSTONE_VOXEL_SIZE_UM,
        origin="real",
        split=split,
        has_labels=_find_file(_mask_name(number)) is not None,
    )


# ----------------------------------------------------------------------------------------- phantom


def _phantom_sample() -> Sample:
    config = PhantomConfig()
    return Sample(
        key="phantom",
        title="Synthetic sandstone",
        description=f"{config.shape[0]} slices of a made-up rock whose true labels are known.",
        voxel_size_um=config.voxel_size_um,
        origin="synthetic",
        split=None,
        has_labels=True,
    )


def _cached_phantom() -> np.ndarray:
    """Image and labels of the phantom, (2, Z, Y, X) uint8, read only."""
    config = PhantomConfig()
    path = cache_folder() / f"phantom-{_recipe_hash(config)}.npy"
    if _is_intact(path):
        return np.load(path, mmap_mode="r")
    made = make_phantom(config)
    both = np.stack([made.image, made.labels])
    both.flags.writeable = False
    try:
        _write_with_checksum(both, path)
    except OSError:
        return both  # a cache that cannot be written to costs time only
    return np.load(path, mmap_mode="r")


def _recipe_hash(config: PhantomConfig) -> str:
    """Name of this rock: another config or other code makes another one."""
    recipe = hashlib.sha256(repr(asdict(config)).encode())
    for module in (phantom, grains):
        recipe.update(Path(module.__file__).read_bytes())
    return recipe.hexdigest()[:16]


def _write_with_checksum(array: np.ndarray, path: Path) -> None:
    """Write an .npy file with its SHA-256 after the array, beside its place, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    npy = io.BytesIO()
    np.save(npy, array)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(npy.getvalue() + hashlib.sha256(npy.getvalue()).digest())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _is_intact(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-32]).digest() == content[-32:]
