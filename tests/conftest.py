"""Rocks and places that every test may use."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import settings

import sandseg.model  # noqa: F401 - before any test loads OpenVINO, which tells nobody then
from tests.kept import home_of, kept, sources

ROOT = Path(__file__).resolve().parents[1]

TINY_RECIPE = {
    "--preset": "tiny",
    "--epochs": "2",
    "--steps": "150",
    "--batch-size": "1",
    "--patch-size": "64",
    "--learning-rate": "0.005",
}
TINY_SOURCES = ("sandseg/config.py", "sandseg/data", "sandseg/model", "sandseg/train")
ROCK_SOURCES = ("sandseg/data",)
SERVED = (ROOT / "tests" / "browser", ROOT / "tests" / "faults")  # all need a server, or a browser
SLOW_FILE = "\npytestmark = pytest.mark.slow"
WEIGHTS = {"slow": 20, "browser": 10}  # how long a test takes beside one without such a mark
GREY_CENTERS = (0.0, 0.3, 0.5, 1.0)  # of "grey", the network of one layer

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors only; read when TensorFlow is imported
# Several tests run at once: threads that wait for each other only take the others' time.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

# A busy machine is no failure, and what failed in one run fails in the next.
settings.register_profile("sandseg", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("sandseg"), max_examples=15)
settings.load_profile("sandseg")


def pytest_configure(config):
    """The daily check tries fewer of the made-up examples; `make test` tries them all."""
    if "not slow" in config.option.markexpr:
        settings.load_profile("quick")


def pytest_ignore_collect(collection_path, config):
    """Where no slow tests are wanted, files full of them are not even loaded: TensorFlow is."""
    if "not browser" in config.option.markexpr and collection_path in SERVED:
        return True
    if "not slow" in config.option.markexpr and collection_path.suffix == ".py":
        return SLOW_FILE in collection_path.read_text(encoding="utf-8") or None
    return None


def pytest_collection_modifyitems(config, items):
    """One process begins with the quick files; several begin with the slow, to end together."""
    weights = Counter()
    for item in items:
        weights[item.path] += sum(WEIGHTS.get(mark.name, 0) for mark in item.iter_markers())
    items.sort(key=lambda item: weights[item.path], reverse=hasattr(config, "workerinput"))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep what the tests cache out of the user's cache, also in processes they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def keep(request, tmp_path_factory):
    """Gives the folder of what is slow to make, by its name, its recipe and what makes it."""
    run = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        run = run.parent  # of all workers
    return partial(kept, home_of(request.config, run))


@pytest.fixture(scope="session")
def phantom_at_hand(keep, _own_cache):
    """The built-in rock lies in the cache, so that no page and no server has to make it."""
    from sandseg.data import samples
    from sandseg.settings import cache_folder

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SANDSEG_CACHE", str(folder))
            samples.open_sample("phantom")

    made = keep("phantom", sources(ROOT, *ROCK_SOURCES), make)
    shutil.copytree(made, cache_folder(), dirs_exist_ok=True)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def small_phantom():
    from sandseg.data.phantom import PhantomConfig, make_phantom

    return make_phantom(PhantomConfig(shape=(8, 96, 96)))


@pytest.fixture(scope="session")
def tiny_model_folder(keep, tmp_path_factory):
    """A models folder with "tiny": trained by the command line, kept until that code changes."""

    def make(folder):
        shutil.copytree(_train_tiny(tmp_path_factory.mktemp("tiny")), folder / "tiny")

    return keep("tiny", sources(ROOT, *TINY_SOURCES) + repr(TINY_RECIPE).encode(), make)


def _train_tiny(folder):
    from sandseg.data.phantom import PhantomConfig, make_phantom
    from sandseg.export.tiff import write_image, write_labels

    rock = make_phantom(PhantomConfig(shape=(12, 128, 128)))
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for z, (image, labels) in enumerate(zip(rock.image, rock.labels, strict=True)):
        write_image(folder / "images" / f"slice{z:02}.tif", [image])
        write_labels(folder / "labels" / f"slice{z:02}.tif", [labels])
    command = [sys.executable, "-m", "sandseg", "train", folder / "images", folder / "labels"]
    command += ["--run", folder / "run", "--validate", "09", "--test", "10", "--test", "11"]
    command += chain.from_iterable(TINY_RECIPE.items())
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder / "run" / "model"


@pytest.fixture(scope="session")
def grey_model_folder(tmp_path_factory):
    """A models folder with "grey", a network of one layer: a pixel is what its grey is nearest to.

    Its files are whole, it needs no training, and what it answers is known by hand.
    """
    folder = tmp_path_factory.mktemp("models")
    make_grey_model(folder / "grey")
    return folder


@pytest.fixture
def grey_noise(rng):
    """Makes (..., Y, X) uint8 grey values "grey" is sure of, also in 16-bit numbers."""
    return lambda *shape: rng.choice(np.array([0, 20, 60, 85, 125, 160, 220, 255], np.uint8), shape)


@pytest.fixture(scope="session")
def long_scan(tmp_path_factory):
    """A TIFF whose segmentation takes long enough to be interrupted."""
    import tifffile

    path = tmp_path_factory.mktemp("long") / "scan.tif"
    image = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    tifffile.imwrite(path, np.tile(image, (3000, 1, 1)), photometric="minisblack")
    return path


@pytest.fixture(scope="session")
def nearest_grey():
    """What "grey" answers for (Y, X) grey values in [0, 1]."""
    centers = np.array(GREY_CENTERS)
    return lambda image: np.abs(image[..., None] - centers).argmin(axis=-1).astype(np.uint8)


def make_grey_model(folder):
    import openvino
    from openvino import opset13

    from sandseg.classes import SANDSTONE
    from sandseg.model.store import write_card

    folder.mkdir(parents=True)
    centers = np.array(GREY_CENTERS, np.float32)
    tiles = opset13.parameter([-1, -1, -1, 1], np.float32, name="image")
    # the nearest center has the largest 2 x c - c²
    scores = opset13.add(opset13.multiply(tiles, 2 * centers), -(centers**2))
    network = openvino.Model(
        [opset13.softmax(opset13.multiply(scores, np.float32(50)), -1)], [tiles]
    )
    openvino.save_model(network, folder / "model.xml", compress_to_fp16=False)
    card = {
        "title": "Nearest grey value",
        "classes": [vars(material) for material in SANDSTONE],
        "architecture": {"filters": [4, 8], "n_classes": 4, "stem": "full"},
        "n_parameters": 8,
        "intensity": {"low": 0, "high": 255, "histogram": [1 / 256] * 256},
        "scores": {},
    }
    write_card(folder, card, ("model.xml", "model.bin"))


@pytest.fixture(scope="session")
def sandstone_dir():
    return _data_dir("sandstone")


@pytest.fixture(scope="session")
def tiff_dir():
    return _data_dir("tiff")


@pytest.fixture(scope="session")
def cases_dir():
    return _data_dir("cases")


def _data_dir(name):
    from sandseg.settings import data_folder, named_sandstone

    folder = (data_folder() or ROOT.parent / "shared" / "data") / name
    if name == "sandstone":
        folder = named_sandstone() or folder
    if not folder.is_dir():
        pytest.skip(f"There is no {folder}; SANDSEG_DATA names the folder that holds {name}/.")
    return folder


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server with tiny files under the public addresses, whose checksums are the pinned ones."""
    from sandseg.data import samples
    from sandseg.settings import cache_folder

    site = tmp_path / "site"
    pinned = {}
    for index, name in enumerate(samples.SANDSTONE_SHA256):
        folder, file = name.split("/")
        published = site / {"images": "Train_images", "masks": "Train_masks"}[folder] / file
        if "0180" in file:
            published = site / "Sandstone_Versa0180_image.tif"
        published.parent.mkdir(parents=True, exist_ok=True)
        image = np.full((6, 5), 100 + index, np.uint8)
        image[0] = 7
        tifffile.imwrite(published, image % 4 if folder == "masks" else image)
        pinned[name] = hashlib.sha256(published.read_bytes()).hexdigest()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(site)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr(samples, "SANDSTONE_SHA256", pinned)
    monkeypatch.setenv("SANDSEG_MIRROR", f"http://127.0.0.1:{server.server_port}/")
    yield site
    server.shutdown()
    server.server_close()
    shutil.rmtree(cache_folder() / "sandstone", ignore_errors=True)
