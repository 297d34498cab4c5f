import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from sandseg.cli import train as cli_train
from sandseg.cli.train import train
from sandseg.config import fit_patches, preset
from sandseg.runs.folder import PAUSE, STOP
from sandseg.runs.settings import DataSource, RunSettings, write_settings


@pytest.fixture
def trained(monkeypatch):
    """The folders and settings that would have been trained; Keras is not loaded."""
    found = []

    def run_training(folder, settings, _command, _on_epoch, on_start):
        split = {"train": ["a", "b"], "validation": ["c"], "test": []}
        on_start(SimpleNamespace(split=split, warnings=("Class 3 is absent.",)))
        found.append((folder, settings))
        return folder / "model"

    stand_in = SimpleNamespace(prepare_backend=lambda: None, run_training=run_training)
    monkeypatch.setitem(sys.modules, "sandseg.train.run", stand_in)
    return found


def start(tmp_path, side=200, **options):
    (tmp_path / "images").mkdir(parents=True)
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.zeros((side, 210), np.uint8))
    train(tmp_path / "images", tmp_path / "labels", run=tmp_path / "run", **options)


def test_without_options_the_preset_is_trained(tmp_path, trained):
    start(tmp_path, preset_name="tiny")

    [(folder, settings)] = trained
    assert folder == tmp_path / "run"
    assert settings.config == preset("tiny")
    assert settings.source.images == str(tmp_path / "images")


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("epochs", "epochs", 3),
        ("steps", "steps_per_epoch", 7),
        ("learning_rate", "learning_rate", 0.01),
        ("batch_size", "batch_size", 2),
        ("patch_size", "patch_size", 64),
        ("loss", "loss", "focal"),
        ("split", "split", "patch"),
        ("seed", "seed", 0),
        ("bfloat16", "mixed_precision", True),
    ],
)
def test_each_option_changes_its_setting_and_no_other(tmp_path, trained, option, field, value):
    start(tmp_path, preset_name="tiny", **{option: value})

    config, usual = trained[0][1].config, preset("tiny")
    assert getattr(config, field) == value
    assert {k: v for k, v in vars(config).items() if k != field} == {
        k: v for k, v in vars(usual).items() if k != field
    }


def test_patches_are_shortened_to_small_slices_unless_their_edge_is_given(tmp_path, trained):
    start(tmp_path / "short", side=150, preset_name="tiny")
    start(tmp_path / "given", side=150, preset_name="tiny", patch_size=160)

    shortened, given = (settings.config for _, settings in trained)
    assert shortened == fit_patches(preset("tiny"), 150)
    assert (shortened.patch_size, given.patch_size) == (144, 160)


def test_named_classes_decide_how_many_the_network_tells_apart(tmp_path, trained):
    path = tmp_path / "classes.json"
    path.write_text(json.dumps([{"name": n, "color": "#123456"} for n in ("pore", "rock")]))

    start(tmp_path, classes=path)

    settings = trained[0][1]
    assert settings.config.unet.n_classes == 2
    assert [(material.value, material.name) for material in settings.classes] == [
        (0, "pore"),
        (1, "rock"),
    ]


def test_a_run_asked_for_by_name_forgets_what_it_was_asked_before(tmp_path, trained):
    settings = RunSettings(DataSource("phantom"), preset("tiny"))
    write_settings(tmp_path, settings)
    for request in (STOP, PAUSE):
        (tmp_path / request).touch()

    train(run=tmp_path)

    assert trained == [(tmp_path, settings)]
    assert not [request for request in (STOP, PAUSE) if (tmp_path / request).exists()]


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_queued_run_lets_the_next_begin_however_it_ends(tmp_path, monkeypatch, ends_well):
    write_settings(tmp_path, RunSettings(DataSource("phantom"), preset("tiny")))
    (tmp_path / STOP).touch()
    ended = []
    monkeypatch.setattr(cli_train, "advance_queue", lambda ended_run=None, **k: ended.append(k))

    def run(_folder, _settings):
        assert (tmp_path / STOP).exists()  # somebody asked while it waited
        if not ends_well:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli_train, "_run", run)

    if ends_well:
        train(run=tmp_path, queued=True)
    else:
        with pytest.raises(KeyboardInterrupt):
            train(run=tmp_path, queued=True)

    assert ended == [{"ended": tmp_path}]


def test_what_is_learned_from_and_every_warning_is_said_before_the_start(tmp_path, trained, capfd):
    start(tmp_path)

    said = capfd.readouterr()
    said = said.out + said.err
    assert "train: 2 (a, b)" in said
    assert "validation: 1 (c)" in said
    assert "test: none" in said
    assert "choose others by --validate NAME" in said
    assert "warning: Class 3 is absent." in said


def test_who_chose_the_slices_is_not_told_to(tmp_path, trained, capfd):
    start(tmp_path, validate=["c"])

    said = capfd.readouterr()
    assert "chosen for you" not in said.out + said.err
