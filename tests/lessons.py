"""A rock of three greys, strokes on it, and a folder with the smallest shipped network."""

import shutil

import numpy as np
import pytest
from scipy import ndimage

from sandseg.settings import PROJECT

TINY = "sandstone-tiny"


def made_up_stack(n_slices=3, shape=(96, 112), seed=0):
    """(Z, Y, X) uint8 and its labels: dark, middle and bright patches with noise."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(n_slices, *shape)), (0, 6, 6))
    labels = np.digitize(smooth, np.quantile(smooth, [0.3, 0.75])).astype(np.uint8)
    grey = np.array([40, 120, 210])[labels] + rng.normal(0, 8, labels.shape)
    return np.clip(grey, 1, 254).astype(np.uint8), labels


def strokes_on(labels, slices=(0,), n=8, seed=0, values=(0, 1, 2)):
    """(Z, Y, X) uint8: on some slices, short strokes inside each class, from 1."""
    rng = np.random.default_rng(seed)
    strokes = np.zeros(labels.shape, np.uint8)
    for z in slices:
        for value in values:
            inner = np.argwhere(ndimage.binary_erosion(labels[z] == value, iterations=3))
            for y, x in inner[rng.integers(len(inner), size=n)]:
                strokes[z, y - 1 : y + 2, x - 2 : x + 3] = value + 1
    return strokes


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder of models with the smallest shipped one alone."""
    source = PROJECT / "models" / TINY
    if not source.is_dir():
        pytest.skip("the small model is not here")
    folder = tmp_path / "models"
    shutil.copytree(source, folder / TINY)
    monkeypatch.setenv("SANDSEG_MODELS", str(folder))
    return folder
