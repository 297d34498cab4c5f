"""Rocks to start with: the built-in phantom, and slices of a real sandstone if at hand."""

import hashlib
import io
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pooch
import requests

from sandseg.atomic import replacing
from sandseg.data import fabric, phantom
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.data.sandstone_files import (
    SANDSTONE_SHA256,
    SANDSTONE_VOXEL_SIZE_UM,
    SPLIT,
    UNLABELLED_SLICES,
    address,
    image_name,
    mask_name,
)
from sandseg.errors import SandsegError, StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.files import Meanings
from sandseg.scan.labels.read import read_labels
from sandseg.scan.stack import Stack
from sandseg.settings import cache_folder, data_hint, sandstone_folders

DOWNLOAD_TIMEOUT_S = 30
SANDSTONE = "sandstone"  # key of the labelled slices together
_COUNTED_FROM_0 = Meanings({value: value for value in range(4)})  # the masks of the sandstone


@dataclass(frozen=True)
class Sample:
    """A stack to try things on.

    `key` fits into an address; `origin` is "synthetic" or "real"; `split` is "train",
    "validation" or "test" for slices the split names, else None; `numbers` are those of the slices
    of the real rock, which lie apart. `files` are what it is read from, `made_by` the command that
    makes them.
    """

    key: str
    title: str
    description: str
    voxel_size_um: float
    origin: str
    split: str | None
    has_labels: bool
    numbers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    made_by: str = ""


def list_samples() -> tuple[Sample, ...]:
    """Return the phantom and the real slices that are at hand, in the order of their numbers."""
    single = [_slice_sample(number) for number in _slices_at_hand()]
    labelled = tuple(sample.numbers[0] for sample in single if sample.has_labels)
    together = [_together_sample(labelled)] if len(labelled) > 1 else []
    return (_phantom_sample(), *together, *single)


def has_sandstone() -> bool:
    """Whether all of the real sandstone is at hand, so that nothing needs to be downloaded."""
    return all(_find_file(name) for name in SANDSTONE_SHA256)


def open_sample(key: str) -> Stack:
    """Open the grey slices of a sample.

    Raises:
        StackError: There is no such sample, or its file is not at hand or damaged.
    """
    sample = _find_sample(key)
    if sample.origin == "synthetic":
        return Stack.from_array(_cached_phantom()[0], sample.title, sample.voxel_size_um)
    if key == SANDSTONE:
        return _open_together(sample)
    stack = open_stack(_file(image_name(sample.numbers[0])), sample.title)
    stack = stack.with_voxel_size(sample.voxel_size_um)  # the files of this scan carry none
    return replace(stack, numbers=sample.numbers)


def _open_together(sample: Sample) -> Stack:
    """Make one stack of slices that lie in files of their own; each is opened when it is read."""

    def read(z: int) -> np.ndarray:
        number = sample.numbers[z]
        with open_stack(_file(image_name(number)), f"Sandstone, slice {number}") as stack:
            return stack.read_slice(0)

    first = read(0)
    shape = (len(sample.numbers), *first.shape)
    return Stack(
        sample.title,
        shape,
        first.dtype,
        read,
        sample.voxel_size_um,
        numbers=sample.numbers,
        apart="the slices of this sample lie apart",
    )


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
    masks = [_file(mask_name(number)) for number in sample.numbers]
    return np.concatenate(
        [read_labels(mask, sample.title, meanings=_COUNTED_FROM_0) for mask in masks]
    )


def _find_sample(key: str) -> Sample:
    samples = {sample.key: sample for sample in list_samples()}
    if key in samples:
        return samples[key]
    if key in {SANDSTONE, *(f"sandstone-{number}" for number in _all_slices())}:
        raise StackError(
            f'The sample "{key}" is of the real sandstone, which is not on this computer.',
            hint=data_hint(
                "Download the real sandstone, or set SANDSEG_DATA to the folder that holds it."
            ),
        )
    raise StackError(f'There is no sample "{key}".', hint=f"Choose one of: {', '.join(samples)}.")


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
            address(name),
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
            f'"{target.name}" was deleted for safety: its checksum is not the published one.',
            hint="Try again; if it happens again, the file was changed where it is kept.",
        ) from error
    except OSError as error:
        raise SandsegError(
            f'"{target.name}" could not be saved in {target.parent}: {error.strerror or error}.',
            hint="Make room there, or set SANDSEG_CACHE to a folder that can be written to.",
        ) from error


def _all_slices() -> list[str]:
    return sorted(sum(SPLIT.values(), UNLABELLED_SLICES))


def _slices_at_hand() -> list[str]:
    return [number for number in _all_slices() if _find_file(image_name(number))]


def _find_file(name: str) -> Path | None:
    """Look in the folder the user names, then among what was downloaded."""
    paths = (folder / name for folder in sandstone_folders())
    return next((path for path in paths if path.is_file()), None)


def _file(name: str) -> Path:
    """Return where a file of a listed sample is; one taken away since is refused when opened."""
    return _find_file(name) or Path(name)


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
        has_labels=_find_file(mask_name(number)) is not None,
        numbers=(number,),
        files=(Path(image_name(number)).name,),
    )


def _together_sample(numbers: tuple[str, ...]) -> Sample:
    return Sample(
        key=SANDSTONE,
        title=f"Real sandstone, {len(numbers)} labelled slices",
        description=f"Slices {int(numbers[0])} to {int(numbers[-1])} of 462 through a 2 mm core, "
        f"{len(numbers)} of them, X-ray microscope.",
        voxel_size_um=SANDSTONE_VOXEL_SIZE_UM,
        origin="real",
        split=None,
        has_labels=True,
        numbers=numbers,
        files=tuple(Path(image_name(number)).name for number in numbers),
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
        files=("rock/image.tif",),
        made_by="python -m sandseg phantom -o rock",
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
    for module in (phantom, fabric):
        recipe.update(Path(module.__file__).read_bytes())
    return recipe.hexdigest()[:16]


def _write_with_checksum(array: np.ndarray, path: Path) -> None:
    """Write an .npy file with its SHA-256 after the array."""
    path.parent.mkdir(parents=True, exist_ok=True)
    npy = io.BytesIO()
    np.save(npy, array)
    with replacing(path, is_shared=True) as file:
        file.write(npy.getvalue() + hashlib.sha256(npy.getvalue()).digest())


def _is_intact(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-32]).digest() == content[-32:]
