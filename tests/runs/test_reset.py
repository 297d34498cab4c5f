import pytest

from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import TrainingError
from sandseg.model.store import list_models
from sandseg.runs import control
from sandseg.runs.added_models import hidden_models, hide_model, keep_model
from sandseg.runs.permissions import NOBODY, Visitor
from sandseg.runs.reset import leftovers, reset_server
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.uploads import workspace
from tests.conftest import make_grey_model

CONFIG = TrainConfig(unet=UNetConfig((4, 6)), epochs=2, patch_size=32, warmup_steps=1)
STUDENT, TEACHER = Visitor(key="a student"), Visitor("secret")


@pytest.fixture
def used(runs_root, tmp_path, monkeypatch, grey_model_folder):
    """A server after a lesson: a training, an added model, a hidden one, two visits."""
    monkeypatch.setattr("sandseg.runs.queue.training_devices", tuple)
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("SANDSEG_MODELS", str(tmp_path / "models"))
    for name in ("shipped", "hidden"):
        make_grey_model(tmp_path / "models" / name)
    control.start_run(RunSettings(DataSource("phantom", (6, 96, 96)), CONFIG), STUDENT)
    keep_model(grey_model_folder / "grey", "added", STUDENT)
    hide_model("hidden")
    monkeypatch.setenv("SANDSEG_TRAINING_TOKEN", "secret")
    ended, goes_on = workspace.new_visit(), workspace.new_visit()
    for visit in (ended, goes_on):
        (workspace.new_folder(visit) / "scan.tif").write_bytes(b"grey")
    workspace.end_serving(ended)
    yield goes_on
    workspace.end_serving(goes_on)


def test_a_reset_leaves_what_was_shipped_and_who_is_still_at_work(used):
    found = leftovers()
    assert (len(found.runs), len(found.models), found.hidden) == (1, 1, ("hidden",))
    assert len(found.visits) == 1

    assert reset_server(TEACHER) == found

    assert control.list_runs() == []
    assert [model.name for model in list_models()] == ["hidden", "shipped"]
    assert not hidden_models()
    assert len(list(used.rglob("scan.tif"))) == 1
    assert not any(leftovers().__dict__.values())


@pytest.mark.parametrize("by", [NOBODY, STUDENT, Visitor("guessed", "a student")])
def test_only_the_teacher_resets(used, monkeypatch, by):
    before = leftovers()

    with pytest.raises(TrainingError, match="whoever runs this server"):
        reset_server(by)
    monkeypatch.delenv("SANDSEG_TRAINING_TOKEN")
    with pytest.raises(TrainingError, match="SANDSEG_TRAINING_TOKEN|whoever runs"):
        reset_server(Visitor(""))
    assert leftovers() == before


def test_with_training_off_there_is_nothing_to_reset(used, monkeypatch):
    monkeypatch.setenv("SANDSEG_TRAINING", "off")

    with pytest.raises(TrainingError, match="switched off"):
        reset_server(TEACHER)
    assert leftovers().runs
