"""A scan as files of one slice each."""

import numpy as np
import pytest

from tests.made_tiffs import tiff_bytes

NAMES = ["scan_1.tif", "scan_2.TIF", "scan_10.tiff", "scan_20.tif"]


@pytest.fixture
def slices(rng):
    return rng.integers(0, 4096, (4, 20, 30)).astype(np.uint16)


@pytest.fixture
def files(slices):
    """Slices under their names, in no order."""
    return {NAMES[i]: tiff_bytes(slices[i]) for i in (2, 0, 3, 1)}
