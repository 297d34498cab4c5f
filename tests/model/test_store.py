import json
import shutil

import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.config import UNetConfig
from sandseg.errors import ModelError
from sandseg.model.store import (
    add_model,
    file_sha256,
    list_models,
    load_model,
    models_folder,
    write_card,
)


@pytest.fixture
def folder(grey_model_folder, tmp_path):
    """A models folder of its own, to do damage in."""
    shutil.copytree(grey_model_folder, tmp_path / "models")
    return tmp_path / "models"


def change_card(folder, **changes):
    path = folder / "grey" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_model_is_what_its_card_says(folder):
    model = load_model("grey", folder)

    assert (model.name, model.title, model.folder) == (
        "grey",
        "Nearest grey value",
        folder / "grey",
    )
    assert model.classes == SANDSTONE
    assert model.unet == UNetConfig((4, 8), stem="full")
    assert model.histogram.shape == (256,)
    assert model.card["files"]["model.bin"] == file_sha256(folder / "grey" / "model.bin")


def test_models_are_looked_for_where_the_environment_says(folder, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(folder))

    assert models_folder() == folder
    assert [model.name for model in list_models()] == ["grey"]
    assert load_model("grey").folder == folder / "grey"


def test_the_default_comes_first_then_the_names_in_order(folder):
    for name in ("zebra", "sandstone-compact", "ant"):
        shutil.copytree(folder / "grey", folder / name)

    names = [model.name for model in list_models(folder)]

    assert names == ["sandstone-compact", "ant", "grey", "zebra"]


def test_the_checksum_of_a_model_follows_its_files(folder):
    before = load_model("grey", folder).sha256
    change_card(folder, title="Another title")
    assert load_model("grey", folder).sha256 == before

    (folder / "grey" / "model.bin").write_bytes(b"other weights")
    write_card(folder / "grey", load_card(folder), ("model.xml", "model.bin"))

    assert load_model("grey", folder).sha256 != before


def load_card(folder):
    return json.loads((folder / "grey" / "card.json").read_text())


@pytest.mark.parametrize("name", ["missing", "", ".", "..", "../models/grey", "/"])
def test_a_model_that_is_not_there_is_refused_with_those_that_are(folder, name):
    with pytest.raises(ModelError, match="There is no model") as caught:
        load_model(name, folder)

    assert caught.value.hint == "Choose one of the models at hand: grey."


def test_an_empty_or_missing_models_folder_holds_none(tmp_path):
    assert list_models(tmp_path) == list_models(tmp_path / "missing") == []
    with pytest.raises(ModelError, match='no model "grey"') as caught:
        load_model("grey", tmp_path / "missing")
    assert "none" in caught.value.hint


@pytest.mark.parametrize("file", ["model.xml", "model.bin"])
def test_one_changed_byte_is_found_and_the_model_not_offered(folder, file):
    data = bytearray((folder / "grey" / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "grey" / file).write_bytes(data)

    with pytest.raises(ModelError, match=f'{file} of the model "grey" is damaged') as caught:
        load_model("grey", folder)
    assert "Restore" in caught.value.hint
    assert list_models(folder) == []


def test_a_missing_file_is_named_and_the_model_not_offered(folder):
    (folder / "grey" / "model.bin").unlink()

    with pytest.raises(ModelError, match=r'"grey" lacks its file model\.bin'):
        load_model("grey", folder)
    assert list_models(folder) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '"card"', "{}", '{"files": []}', '{"files": {}}', b"\xff\xfe\x00"],
)
def test_an_unreadable_card_is_refused_and_the_model_not_offered(folder, text):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "grey" / "card.json").write_bytes(data)

    with pytest.raises(ModelError, match='card of the model "grey" cannot be read') as caught:
        load_model("grey", folder)
    assert caught.value.hint
    assert list_models(folder) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": {"filters": [4]}},
        {"architecture": {"depth": 4}},
        {"architecture": None},
        {"classes": [{"name": "air"}]},
        {"classes": ["air"]},
        {"intensity": {}},
        {"intensity": {"histogram": ["dark", "bright"]}},
    ],
)
def test_a_card_that_makes_no_sense_is_refused(folder, changes):
    change_card(folder, **changes)

    with pytest.raises(ModelError, match='card of the model "grey" cannot be read'):
        load_model("grey", folder)


def test_a_card_is_written_whole_with_the_checksums_of_its_files(tmp_path):
    (tmp_path / "weights").write_bytes(b"abc")

    write_card(tmp_path, {"title": "µ"}, ("weights",))

    assert json.loads((tmp_path / "card.json").read_text(encoding="utf-8")) == {
        "title": "µ",
        "files": {"weights": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "weights"]


def test_the_shipped_models_are_whole():
    shipped = list(models_folder().glob("*/card.json"))

    for model in [load_model(card.parent.name) for card in shipped if unet_card(card)]:
        assert np.isfinite(model.histogram).all()


def unet_card(path):
    return "architecture" in json.loads(path.read_text(encoding="utf-8"))


def test_a_model_is_added_under_a_name_that_is_free(grey_model_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))

    folder = add_model(grey_model_folder / "grey", "mine")

    assert load_model("mine").card["name"] == "mine"
    assert folder == tmp_path / "models" / "mine"
    with pytest.raises(ModelError, match='named "mine" already'):
        add_model(grey_model_folder / "grey", "mine")
    for name in ("../mine", "auto", "", "a/b", ".mine", "runs"):
        with pytest.raises(ModelError, match="cannot be the name"):
            add_model(grey_model_folder / "grey", name)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]
