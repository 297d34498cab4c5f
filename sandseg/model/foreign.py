"""What is known of a network from elsewhere before it is read, and what is found in it."""

from dataclasses import dataclass
from pathlib import Path

from sandseg.classes import SegmentationClass
from sandseg.errors import ModelError

UNIT, BYTES, Z_SCORE, ROW_NORM = SCALINGS = ("0-1", "0-255", "z-score", "row-norm")


@dataclass(frozen=True)
class Imported:
    """What was found in a file; `ends_with` is "logits" or "probabilities".

    `classes` is what its outputs are taken to mean.
    """

    n_parameters: int
    stride: int
    ends_with: str
    classes: tuple[SegmentationClass, ...]


@dataclass(frozen=True)
class Known:
    """What is known of a network beside its file.

    `title` is for the card, the file's name by default. `scaling`, one of `SCALINGS`, says how its
    images were scaled before it saw them; `classes` what its outputs mean, in order; `pores` which
    of them are pore space, by name or number: as `classes` say where empty.
    """

    title: str = ""
    scaling: str = UNIT
    classes: tuple[SegmentationClass, ...] = ()
    pores: tuple[str, ...] = ()

    def __post_init__(self):
        if self.scaling not in SCALINGS:
            raise ModelError(
                f'"{self.scaling}" is no way to scale images that is known.',
                hint=f"Choose one of: {', '.join(SCALINGS)}.",
            )


def check_is_free(folder: Path) -> None:
    """Check that a new model can have a folder.

    Raises:
        ModelError: Another model has it.
    """
    if folder.exists():
        raise ModelError(
            f'There is already a model "{folder.name}".',
            hint="Choose another --name, or remove that folder.",
        )
