from dataclasses import replace

import pytest

from sandseg.classes import SANDSTONE, SegmentationClass
from sandseg.config import PRESETS, TrainConfig, UNetConfig
from sandseg.errors import ConfigError
from sandseg.runs.settings import DataSource, RunSettings, settings_from, write_settings

PHANTOM = DataSource("phantom")


def settings_for(n_classes, **changes):
    return RunSettings(PHANTOM, TrainConfig(unet=UNetConfig(n_classes=n_classes)), **changes)


@pytest.mark.parametrize("n_classes", range(1, 9))
def test_every_label_has_a_class_and_a_color(n_classes):
    classes = settings_for(n_classes).all_classes

    assert [material.value for material in classes] == list(range(max(n_classes, 2)))
    assert len({material.color for material in classes}) == len(classes)
    assert (classes == SANDSTONE) == (n_classes == 4)


def test_the_classes_of_the_user_go_before_those_of_the_sandstone():
    own = tuple(SegmentationClass(value, f"kind {value}", "#123456") for value in range(4))

    assert settings_for(4, classes=own).all_classes == own


@pytest.mark.parametrize("values", [(0,), (0, 1, 2), (1, 2), (1, 0)])
def test_classes_that_do_not_fit_the_network_are_refused(values):
    own = tuple(SegmentationClass(value, "kind", "#123456") for value in values)

    with pytest.raises(ConfigError, match="tells 2 apart"):
        settings_for(2, classes=own)


def test_a_source_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match='"web" is no source'):
        DataSource("web")
    with pytest.raises(ConfigError, match="not named"):
        DataSource("files", images="scan.tif")


def test_a_folder_without_settings_holds_no_run(tmp_path):
    with pytest.raises(ConfigError, match="holds no run"):
        settings_from(tmp_path)


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_come_back_as_they_were(preset, tmp_path):
    given = RunSettings(PHANTOM, PRESETS[preset], validate=("1", "2"))

    write_settings(tmp_path, given)

    assert settings_from(tmp_path) == given


def test_impossible_settings_in_a_file_are_named(tmp_path):
    write_settings(tmp_path, settings_for(4))
    path = tmp_path / "config.json"
    path.write_text(path.read_text().replace('"epochs": 32', '"epochs": 0'))

    with pytest.raises(ConfigError, match="epochs is 0"):
        settings_from(tmp_path)


@pytest.mark.parametrize("change", [{"color": "red;}</style>"}, {"name": "x" * 201}, {"name": ""}])
def test_a_class_that_cannot_be_shown_is_refused(change):
    classes = (replace(SANDSTONE[0], **change), *SANDSTONE[1:])

    with pytest.raises(ConfigError, match="cannot be a class"):
        RunSettings(DataSource("phantom"), TrainConfig(), classes=classes)


def test_a_title_of_megabytes_is_refused():
    with pytest.raises(ConfigError, match="cannot be shown"):
        RunSettings(DataSource("phantom"), TrainConfig(), title="x" * 3_000_000)
