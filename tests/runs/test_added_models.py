import pytest

from sandseg.errors import ModelError, TrainingError
from sandseg.model.store import list_models
from sandseg.runs.added_models import (
    added_models,
    hidden_models,
    hide_model,
    keep_model,
    remove_model,
    show_model,
)
from sandseg.runs.permissions import NOBODY, Visitor
from tests.conftest import make_grey_model

OWNER, GUEST, TEACHER = Visitor(key="mine"), Visitor(key="another"), Visitor("secret")


@pytest.fixture
def models(runs_root, tmp_path, monkeypatch, grey_model_folder):
    """A shipped model, and one that a visitor added; there is a teacher."""
    make_grey_model(tmp_path / "models" / "shipped")
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    keep_model(grey_model_folder / "grey", "added", OWNER)
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")
    return tmp_path / "models"


def names():
    return [model.name for model in list_models()]


@pytest.mark.parametrize("by", [OWNER, TEACHER])
def test_an_added_model_is_removed_by_whoever_added_it_and_by_the_teacher(models, by):
    assert [folder.name for folder in added_models()] == ["added"]

    remove_model("added", by)

    assert names() == ["shipped"]
    assert sorted(path.name for path in models.iterdir()) == ["shipped"]


@pytest.mark.parametrize("change", [remove_model, hide_model, show_model])
@pytest.mark.parametrize("by", [NOBODY, GUEST])
def test_nobody_else_changes_it(models, change, by):
    with pytest.raises(TrainingError, match="another visitor"):
        change("added", by)
    assert names() == ["added", "shipped"]
    assert not hidden_models()


def test_a_shipped_model_is_removed_by_nobody(models, monkeypatch):
    with pytest.raises(ModelError, match="not added by a visitor"):
        remove_model("shipped", TEACHER)
    monkeypatch.delenv("SANDSEG_TRAINING_TOKEN")
    with pytest.raises(ModelError, match="not added by a visitor"):
        remove_model("shipped", NOBODY)
    assert names() == ["added", "shipped"]


def test_a_model_is_hidden_and_shown_again(models):
    hide_model("shipped", TEACHER)
    assert hidden_models() == {"shipped"}

    with pytest.raises(ModelError, match="No model would be left"):
        hide_model("added", OWNER)
    show_model("shipped", TEACHER)
    hide_model("added", OWNER)
    remove_model("added", OWNER)

    assert not hidden_models()


@pytest.mark.parametrize("name", ["nothing", "../models/added", "", "a" * 99])
def test_a_model_that_is_not_there_is_named(models, name):
    for change in (remove_model, hide_model, show_model):
        with pytest.raises(ModelError, match="There is no model"):
            change(name, TEACHER)


def test_with_training_off_no_model_comes_or_goes(models, monkeypatch, grey_model_folder):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    for change in (
        lambda: remove_model("added", OWNER),
        lambda: hide_model("added", TEACHER),
        lambda: keep_model(grey_model_folder / "grey", "more", TEACHER),
    ):
        with pytest.raises(TrainingError, match="switched off"):
            change()
    assert names() == ["added", "shipped"]


@pytest.mark.parametrize("damage", ["", "[]", '{"names": 7}', '{"names": [7, null]}', "\udcff"])
def test_a_damaged_list_hides_nothing(models, damage):
    (models / "hidden.json").write_text(damage, errors="surrogateescape")

    assert hidden_models() == set()


def test_whoever_takes_a_model_over_owns_the_copy_alone(models):
    keep_model(models / "added", "copy", TEACHER)  # a teacher without a browser's key

    assert [folder.name for folder in added_models()] == ["added"]
    keep_model(models / "added", "theirs", Visitor("secret", "another"))
    remove_model("theirs", GUEST)
    assert "added" in names()
