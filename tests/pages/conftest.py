"""A model that needs no training: it goes by grey values alone."""

from functools import cache
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from pages.cache.rocks import forget_samples
from sandseg.classes import SANDSTONE
from sandseg.model.store import DEFAULT_MODEL, write_card

ROOT = Path(__file__).resolve().parents[2]
GREYS = (0.06, 0.32, 0.49, 0.95)  # of air, clay, quartz and pyrite
SCORES = {
    "iou": {"air": 0.95, "clay": 0.81, "quartz": 0.97, "pyrite": None},
    "mean_iou": 0.912,
    "mean_iou_interval": [0.901, 0.923],
    "iou_interval": {"air": [0.94, 0.96], "clay": [0.7, 0.9], "quartz": [0.96, 0.98]},
}


def pytest_itemcollected(item):
    """A page that is opened takes as long as fifty tests of the backend: not in `make check`."""
    if "open_page" in item.fixturenames:
        item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def _scan_once():
    """Every AppTest looks through all installed packages for components: the most of its time."""
    with pytest.MonkeyPatch.context() as patch:
        found = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / DEFAULT_MODEL
    folder.mkdir()
    image = ops.parameter([-1, -1, -1, 1], np.float32)
    distance = ops.subtract(image, ops.constant(np.array(GREYS, np.float32).reshape(1, 1, 1, 4)))
    logits = ops.multiply(ops.multiply(distance, distance), ops.constant(np.float32(-200)))
    openvino.save_model(openvino.Model([ops.softmax(logits, 3)], [image]), folder / "model.xml")
    histogram = np.exp(-(((np.arange(256) - 125) / 40) ** 2))
    card = {
        "title": "Grey values alone",
        "classes": [vars(material) for material in SANDSTONE],
        "architecture": {"filters": [8, 16]},
        "n_parameters": 4,
        "intensity": {"low": 0, "high": 255, "histogram": (histogram / histogram.sum()).tolist()},
        "data": {"slices": {"train": ["0000"], "test": ["0300"]}},
        "scores": {"test": {"slices": ["0300"], "inside the rock": SCORES}},
    }
    write_card(folder, card, ("model.xml", "model.bin"))
    return folder.parent


@pytest.fixture
def open_page(models_dir, monkeypatch, tmp_path, phantom_at_hand):
    """A function that opens a page of the app for a new visitor."""
    monkeypatch.setenv("SANDSEG_MODELS", str(models_dir))
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path))
    monkeypatch.delenv("SANDSEG_DATA", raising=False)

    def open_page(path, **query):
        forget_samples()  # another test had others
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.run()
        for key, value in query.items():
            at.query_params[key] = value
        return at.switch_page(path).run()

    return open_page
