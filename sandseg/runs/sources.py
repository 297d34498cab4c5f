"""What a training learns from: made up, downloaded, or brought by the user."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sandseg.data.labelled import LabelledSlices, PreparedData, prepare, read_labelled
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.data.sandstone_files import SANDSTONE_VOXEL_SIZE_UM, SPLIT
from sandseg.errors import TrainingError
from sandseg.export.tiff import write_image, write_labels
from sandseg.runs.folder import DATA
from sandseg.runs.settings import RunSettings
from sandseg.runs.strokes import StrokeFiles, read_stroke_slices
from sandseg.settings import data_hint, sandstone_folders
from sandseg.uploads.workspace import work_folder

IMAGE_FILE, LABEL_FILE = "image.tif", "labels.tif"


@dataclass(frozen=True)
class DataPlace:
    """Images and labels, and the ends of the names of the slices to validate and to test on.

    `voxel_size_um` is what is known beside the files; `accepted` is None without such slices.
    """

    images: Path
    labels: Path
    validate: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    voxel_size_um: float | None = None
    accepted: Path | None = None


def locate(settings: RunSettings, folder: Path) -> DataPlace:
    """Find the data of a run; a phantom is made into the run's folder the first time.

    Raises:
        TrainingError: The data are not there.
    """
    source = settings.source
    if source.kind == "sandstone":
        sandstone = find_sandstone()
        return DataPlace(
            sandstone / "images",
            sandstone / "masks",
            SPLIT["validation"],
            SPLIT["test"],
            SANDSTONE_VOXEL_SIZE_UM,
        )
    if source.kind in ("files", "strokes"):
        images, labels = (_existing(path) for path in (source.images, source.labels))
    else:
        images, labels = _phantom(PhantomConfig(source.shape, source.seed), folder / DATA)
    accepted = _existing(source.accepted) if source.accepted else None
    return DataPlace(images, labels, settings.validate, settings.test, accepted=accepted)


def read_data(settings: RunSettings, folder: Path) -> tuple[LabelledSlices, PreparedData]:
    """Read all slices of a run, and split them as its settings say.

    Raises:
        SandsegError: The data are not there, or do not fit the settings.
    """
    place = locate(settings, folder)
    n_classes, label_slices = settings.config.unet.n_classes, settings.source.label_slices
    if settings.source.kind == "strokes":
        files = stroke_files(settings, folder)
        slices, *held_back = read_stroke_slices(files, max(n_classes, 2), settings.start_from)
        return slices, prepare(slices, settings.config, *held_back)
    slices = read_labelled(place.images, place.labels, n_classes, label_slices)
    if slices.voxel_size_um is None:
        slices = replace(slices, voxel_size_um=place.voxel_size_um)
    return slices, prepare(slices, settings.config, place.validate, place.test)


def stroke_files(settings: RunSettings, folder: Path) -> StrokeFiles:
    """Find what a run on strokes learns from.

    Raises:
        TrainingError: The files are not there.
    """
    place = locate(settings, folder)
    return StrokeFiles(place.images, place.labels, place.accepted)


def check_source(settings: RunSettings) -> None:
    """Look whether the data of a run are there, without reading them.

    Raises:
        TrainingError: They are not.
        ConfigError: The phantom cannot be made.
    """
    if settings.source.kind == "phantom":
        PhantomConfig(settings.source.shape, settings.source.seed)
    else:
        locate(settings, Path())


def keep_uploads(settings: RunSettings, folder: Path) -> dict[str, str]:
    """Take what a visitor brought into the run's folder, before their own is swept away.

    Returns:
        The new places of `images`, `labels` and `accepted`, as far as they changed.
    """
    moved, source = {}, settings.source
    kinds = ("images", "labels", "accepted") if source.kind in ("files", "strokes") else ()
    for kind in kinds:
        path = Path(getattr(source, kind)).absolute()
        if getattr(source, kind) and path.is_relative_to(work_folder()):
            (folder / DATA).mkdir(exist_ok=True)
            kept = folder / DATA / f"{kind}{path.suffix}"
            (shutil.copytree if path.is_dir() else _link_or_copy)(path, kept)
            moved[kind] = str(kept)
    return moved


def find_sandstone() -> Path:
    """Return the folder with `images` and `masks` of the real sandstone.

    Raises:
        TrainingError: It is not on this computer.
    """
    for folder in sandstone_folders():
        if (folder / "images").is_dir() and (folder / "masks").is_dir():
            return folder
    raise TrainingError(
        "The real sandstone is not on this computer.",
        hint=data_hint("Download it, or train on the synthetic sandstone."),
    )


def _existing(path: str) -> Path:
    if not Path(path).exists():
        raise TrainingError(
            f"There is no {Path(path).name} to learn from.", hint="Choose the files again."
        )
    return Path(path)


def _phantom(config: PhantomConfig, folder: Path) -> tuple[Path, Path]:
    image, labels = folder / IMAGE_FILE, folder / LABEL_FILE
    if not (image.is_file() and labels.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        made = make_phantom(config)
        write_image(image, made.image, config.voxel_size_um)
        write_labels(labels, made.labels, spacing_um=config.voxel_size_um)
    return image, labels


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copyfile(source, target)
