import json
import os
import re
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from sandseg.cli.add_model import TRIAL, add_model
from sandseg.cli.main import main
from sandseg.errors import ConfigError
from sandseg.export.tiff import write_image

pytestmark = pytest.mark.slow  # loads TensorFlow


@pytest.fixture
def sandseg(monkeypatch, capsys):
    """Run the command line; return its exit status, what it said, and what was wrong."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["sandseg", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def models(tmp_path, grey_model_folder, monkeypatch):
    """A models folder with "grey" in it, which the networks added here take after."""
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    shutil.copytree(grey_model_folder, tmp_path / "models")
    return tmp_path / "models"


def save_thresholder(path, n_outputs=2):
    """A network of one layer: dark pixels are the first class, bright ones the last."""
    images = keras.Input((32, 32, 1))
    network = keras.Model(images, layers.Conv2D(n_outputs, 1, activation="softmax")(images))
    slopes = np.linspace(-20, 20, n_outputs, dtype=np.float32)
    network.layers[-1].set_weights([slopes.reshape(1, 1, 1, -1), -slopes / 2])
    network.save(path)


def test_the_command_line_says_what_it_found_and_tries_it_on_the_built_in_rock(
    tmp_path, models, sandseg, phantom_at_hand
):
    save_thresholder(tmp_path / "theirs.keras", 4)

    status, said, wrong = sandseg(
        "add-model", tmp_path / "theirs.keras", "--name", "theirs", "--like", "grey"
    )

    assert status == 0
    assert "4 classes" in said
    assert "Tried on slice" in said
    assert "air " in said
    assert "classes are taken to be air, clay, quartz, pyrite, as those of grey" in wrong
    assert json.loads((models / "theirs/card.json").read_text())["title"] == "theirs"


def test_a_net_without_a_pore_says_so_and_is_tried_on_ones_own_slice(
    tmp_path, models, sandseg, rng
):
    save_thresholder(tmp_path / "two.keras")
    dark_left = rng.integers(200, 256, (32, 40)).astype(np.uint8)
    dark_left[:, :10] -= 200
    write_image(tmp_path / "mine.tif", [dark_left])
    words = ["add-model", tmp_path / "two.keras", "--name", "two", "--like", "grey"]

    status, said, wrong = sandseg(*words, "--trial", tmp_path / "mine.tif")

    assert (status, "no class is marked as pore" in wrong) == (0, True)
    assert re.search(r"slice 1 of mine\.tif: class 0 [\d.]+%, class 1 [\d.]+% of the picture", said)
    picture = np.asarray(Image.open(models / "two" / TRIAL))
    assert picture.shape == (32, 80, 3)
    assert (
        picture[:, :40] == picture[:, :40, :1]
    ).all()  # the grey slice, and its colors beside it
    assert len(np.unique(picture[:, 40:].reshape(-1, 3), axis=0)) > 2


def test_a_class_marked_as_pore_is_one(tmp_path, models, sandseg, phantom_at_hand):
    save_thresholder(tmp_path / "two.keras")
    words = ["add-model", tmp_path / "two.keras", "--name", "two", "--like", "grey", "--pore", "0"]

    status, _, wrong = sandseg(*words)

    assert (status, wrong) == (0, "")
    classes = json.loads((models / "two/card.json").read_text())["classes"]
    assert [entry["is_pore"] for entry in classes] == [True, False]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "a b", "-x"])
def test_a_model_gets_no_name_that_leads_elsewhere(tmp_path, name):
    with pytest.raises(ConfigError, match="is no name for a model"):
        add_model(tmp_path / "net.keras", name)
