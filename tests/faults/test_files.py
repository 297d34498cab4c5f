"""Files the server reads are damaged or taken away under it."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import tifffile
from visitor import Visitor, tiff_bytes

from sandseg.model.store import CARD, DEFAULT_MODEL, list_models, models_folder

PAGES = ("browse", "segment", "evaluate", "compare")
SLICES = ("0000", "0050", "0100")

pytestmark = pytest.mark.slow  # each test starts a server


@pytest.fixture
def models(tmp_path):
    """A folder with a copy of the default model, which may be damaged."""
    if DEFAULT_MODEL not in [model.name for model in list_models()]:
        pytest.skip(f"There is no model {DEFAULT_MODEL} in models/ (or SANDSEG_MODELS).")
    shutil.copytree(models_folder() / DEFAULT_MODEL, tmp_path / "models" / DEFAULT_MODEL)
    return tmp_path / "models"


@pytest.fixture
def data(tmp_path):
    """A made-up stand-in for the real sandstone: three slices and their labels."""
    rng = np.random.default_rng(0)
    for kind, most in (("images", 256), ("masks", 4)):
        folder = tmp_path / "data" / "sandstone" / kind
        folder.mkdir(parents=True)
        for number in SLICES:
            image = rng.integers(0, most, (96, 96)).astype(np.uint8)
            tifffile.imwrite(folder / f"Sandstone_Versa{number}.tif", image)
    return tmp_path / "data"


def overwrite(path: Path):
    """Change bytes in the middle; the size stays."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"damaged" * 100)


def cut_off(path: Path):
    """Lose all but the beginning."""
    with path.open("r+b") as file:
        file.truncate(1000)


def open_every_page(server) -> list[str]:
    """Open all pages of the menu as new visitors and return what they say."""
    with Visitor(server.port) as visitor:
        pages = visitor.open().pages
    said = []
    for page in pages:
        with Visitor(server.port, page) as visitor:
            said += visitor.open().texts()
            assert not visitor.widget("exception"), said
    return said


@pytest.mark.parametrize("damage", [overwrite, cut_off, Path.unlink])
def test_a_model_damaged_while_it_is_in_use_does_not_take_the_server_down(serve, models, damage):
    server = serve({"SANDSEG_MODELS": str(models)})
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        visitor.open()
        damage(models / DEFAULT_MODEL / "model.bin")

        visitor.move(12)

        assert visitor.says("Porosity of the rock") or visitor.says("model")
        visitor.upload("small.tif", tiff_bytes(96, 96))  # another shape: the network is built anew
        assert visitor.says("Porosity of the rock") or visitor.says("model")
        assert server.process.poll() is None
        assert server.seconds_to_answer() < 2


@pytest.mark.parametrize(
    ("damage", "name"), [(overwrite, "model.bin"), (Path.unlink, "model.xml"), (cut_off, CARD)]
)
def test_a_damaged_model_is_offered_no_more(serve, models, damage, name):
    damage(models / DEFAULT_MODEL / name)
    # Train would measure how long a step takes, for a minute.
    server = serve({"SANDSEG_MODELS": str(models), "SANDSEG_TRAINING": "off"})

    said = open_every_page(server)

    assert any("There is no model to segment with." in text for text in said)
    assert any("Put a model folder into models/" in text for text in said)


def test_beside_a_damaged_model_the_others_are_offered(serve, models):
    shutil.copytree(models / DEFAULT_MODEL, models / "second")
    overwrite(models / DEFAULT_MODEL / "model.bin")
    server = serve({"SANDSEG_MODELS": str(models)})

    with Visitor(server.port, "segment", f"sample=phantom&model={DEFAULT_MODEL}") as visitor:
        assert visitor.open().says("Porosity of the rock")


@pytest.mark.parametrize("key", ["sandstone", "sandstone-0050"])
def test_a_sample_taken_away_while_it_is_shown(serve, data, key):
    server = serve({"SANDSEG_DATA": str(data)})
    with ExitStack() as tabs:
        visitors = [
            tabs.enter_context(Visitor(server.port, page, f"sample={key}")) for page in PAGES
        ]
        for visitor in visitors:
            visitor.open()
            assert not visitor.widget("exception"), visitor.texts()
        shutil.rmtree(data / "sandstone")

        for visitor in visitors:
            if visitor.widget("slider", "Slice"):
                visitor.move(1, "Slice")
                assert not visitor.widget("exception"), visitor.texts()
            with Visitor(server.port, visitor.page, visitor.query) as other:
                for tab in (visitor.open(), other.open()):
                    assert tab.texts()
                    assert not tab.widget("exception"), tab.texts()
    assert server.seconds_to_answer() < 2
