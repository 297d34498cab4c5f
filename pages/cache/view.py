"""What is asked of the backend, and what comes back for a page."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Task:
    """A stack and the model it is segmented by.

    `source` is the key of a sample or the path of a file, `job` the folder of a finished run,
    `grey` how grey values are mapped, as on the command line; `is_rescaled` whether the slices are
    shown to the model in voxels of the size it knows, `is_evened` whether their brightness is
    evened out.
    """

    source: str
    model_name: str
    model_sha256: str
    job: str = ""
    grey: str = "auto"
    is_rescaled: bool = False
    is_evened: bool = False


@dataclass(frozen=True)
class SlicePictures:
    """A slice as the viewer takes it: encoded grey values and labels."""

    grey: bytes
    labels: bytes


@dataclass(frozen=True, eq=False)
class SlicePhases:
    """What a slice is made of: fractions (C,) in [0, 1], NaN in a slice without rock."""

    whole: np.ndarray  # of all pixels of the slice
    rock: np.ndarray  # of the sample's own, without the air around it
    porosity: float  # of the sample
