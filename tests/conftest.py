"""Rocks and places that every test may use."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors only; read when TensorFlow is imported

# A busy machine is no failure, and what failed in one run fails in the next.
settings.register_profile("sandseg", deadline=None, derandomize=True)
settings.load_profile("sandseg")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep what the tests cache out of the user's cache, also in processes they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def small_phantom():
    from sandseg.phantom import PhantomConfig, make_phantom

    return make_phantom(PhantomConfig(shape=(8, 96, 96)))


@pytest.fixture(scope="session")
def sandstone_dir():
    return _data_dir("sandstone")


@pytest.fixture(scope="session")
def tiff_dir():
    return _data_dir("tiff")


def _data_dir(name):
    folder = Path(os.environ.get("SANDSEG_DATA") or ROOT.parent / "shared" / "data") / name
    if not folder.is_dir():
        pytest.skip(f"There is no {folder}; SANDSEG_DATA names the folder that holds {name}/.")
    return folder
