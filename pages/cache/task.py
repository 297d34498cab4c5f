"""What is asked of the backend, and what comes back for a page."""

from dataclasses import dataclass, fields
from functools import cached_property

from sandseg.config import Treatment


@dataclass(frozen=True)
class Task:
    """A stack, the model it is segmented by, and how it is brought to it.

    `source` is the key of a sample or the path of a file, `model_name` the name of a model or the
    path of a folder that is not among the others, `job` the folder of a finished run,
    `voxel_size_um` what the visitor or the file says, None where the sample knows it itself.
    """

    source: str
    model_name: str
    model_sha256: str
    job: str = ""
    treatment: Treatment = Treatment()
    voxel_size_um: float | None = None

    def __hash__(self) -> int:
        return self._hash  # asked for a hundred times in one move of a slider

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(vars(self)[field.name] for field in fields(self)))


@dataclass(frozen=True)
class SlicePictures:
    """A slice as the viewer takes it: encoded grey values and labels."""

    grey: bytes
    labels: bytes
