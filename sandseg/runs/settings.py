"""What a training is to do, as it stands in its folder."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sandseg.atomic import read_json, write_json
from sandseg.classes import SANDSTONE, SegmentationClass, numbered_classes
from sandseg.config import TrainConfig, Treatment, UNetConfig
from sandseg.errors import ConfigError

SETTINGS = "config.json"
LONGEST = 200  # letters of a title, and of the name of a class
_COLOR = re.compile("#[0-9a-fA-F]{6}")
SOURCES = ("phantom", "sandstone", "files", "strokes")


@dataclass(frozen=True)
class DataSource:
    """What to learn from: a made-up rock, the real sandstone, or files of one's own."""

    kind: str  # "phantom", "sandstone", "files", or "strokes": a stack and what is painted on it
    shape: tuple[int, int, int] = (64, 256, 256)  # of the phantom, (Z, Y, X)
    seed: int = 0  # of the phantom
    images: str = ""  # a TIFF or a folder of them
    labels: str = ""
    label_slices: tuple[int, ...] = ()  # of a stack, counted from 0; else their names say it
    accepted: str = ""  # a TIFF beside strokes: slices labelled as a whole, 0 on all others
    treatment: Treatment = Treatment()  # of the lesson that strokes are from, to compare with it
    is_correction: bool = False  # likewise: the strokes correct the network's own answer

    def __post_init__(self):
        for name in ("shape", "label_slices"):
            object.__setattr__(self, name, tuple(int(number) for number in getattr(self, name)))
        if not isinstance(self.treatment, Treatment):  # as it stands in a file
            object.__setattr__(self, "treatment", Treatment(**self.treatment))
        if self.kind not in SOURCES:
            raise ConfigError(
                f'"{self.kind}" is no source of data.', hint=f"Choose one of: {', '.join(SOURCES)}."
            )
        if self.kind in ("files", "strokes") and not (self.images and self.labels):
            raise ConfigError(
                "The images or the labels to learn from are not named.",
                hint="Name a TIFF of slices and a TIFF of their labels, or two folders.",
            )


@dataclass(frozen=True)
class RunSettings:
    """All that makes a training. Slices are named by the end of their name.

    Without `classes`, four are those of the sandstone and others are numbered. `start_from` is
    the name of a stored model whose weights are taken to begin with.
    """

    source: DataSource
    config: TrainConfig
    title: str = "Trained U-Net"
    validate: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    classes: tuple[SegmentationClass, ...] = ()
    start_from: str = ""

    def __post_init__(self):
        n_classes = max(self.config.unet.n_classes, 2)
        values = [material.value for material in self.classes]
        if self.classes and values != list(range(n_classes)):
            raise ConfigError(
                f"The classes are numbered {values}, but the network tells {n_classes} apart, "
                f"numbered from 0 to {n_classes - 1}.",
                hint="Describe each class once, in the order of its number.",
            )
        for material in self.classes:
            if not _COLOR.fullmatch(material.color) or not 0 < len(material.name) <= LONGEST:
                raise ConfigError(
                    f'"{material.name[:LONGEST]}" cannot be a class in the color '
                    f'"{material.color[:LONGEST]}".',
                    hint=f"Give it a name of up to {LONGEST} letters and a color as #56b4e9.",
                )
        if len(self.title) > LONGEST:
            raise ConfigError(
                f"A title of {len(self.title):,} letters cannot be shown.",
                hint=f"Take one of at most {LONGEST} letters.",
            )

    @property
    def all_classes(self) -> tuple[SegmentationClass, ...]:
        """What the labels mean."""
        n_classes = max(self.config.unet.n_classes, 2)
        if self.classes:
            return self.classes
        if n_classes == len(SANDSTONE):
            return SANDSTONE
        return numbered_classes(n_classes)


def write_settings(folder: Path, settings: RunSettings) -> None:
    """Write config.json of a run."""
    write_json(folder / SETTINGS, asdict(settings))


def settings_from(folder: Path) -> RunSettings:
    """Read config.json of a run.

    Raises:
        ConfigError: It is missing or damaged, or holds settings that are impossible.
    """
    if not (folder / SETTINGS).is_file():
        raise ConfigError(
            f"The folder {folder.name} holds no run.",
            hint="Name images and labels to begin one.",
        )
    try:
        given = read_json(folder / SETTINGS)
        config = given["config"]
        return RunSettings(
            source=DataSource(**given["source"]),
            config=TrainConfig(**{**config, "unet": UNetConfig(**config["unet"])}),
            title=str(given["title"]),
            validate=tuple(given["validate"]),
            test=tuple(given["test"]),
            classes=tuple(SegmentationClass(**entry) for entry in given["classes"]),
            start_from=given["start_from"],
        )
    except ConfigError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ConfigError(
            f"The settings of the run {folder.name} cannot be read "
            f"({type(error).__name__}: {error}).",
            hint="Delete the run and start it again.",
        ) from error
