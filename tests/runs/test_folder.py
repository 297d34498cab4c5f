import pytest

from sandseg.classes import SANDSTONE, SegmentationClass
from sandseg.config import PRESETS, TrainConfig, UNetConfig
from sandseg.errors import ConfigError
from sandseg.runs.folder import (
    DataSource,
    RunSettings,
    metrics_from,
    n_parameters,
    needed_bytes,
    samples_from,
    settings_from,
    status_entries,
    write_settings,
)

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


def test_records_of_epochs_survive_a_crash(tmp_path):
    lines = ['{"epoch": 1, "loss": 3}', '{"epoch": 2, "loss": 2}', '{"epoch": 1, "loss": 1}']
    (tmp_path / "metrics.jsonl").write_text("\n".join([*lines, '{"epoch": 3, "lo']))

    assert metrics_from(tmp_path) == [{"epoch": 1, "loss": 1}, {"epoch": 2, "loss": 2}]
    assert metrics_from(tmp_path / "none") == []


@pytest.mark.parametrize("content", ["", "{", "[1]", "3"])
def test_a_damaged_status_is_empty(content, tmp_path):
    (tmp_path / "status.json").write_text(content)

    assert status_entries(tmp_path) == {}


def test_pictures_are_found_by_epoch(tmp_path):
    for name in ("epoch_010.png", "epoch_002.png", "truth.png"):
        (tmp_path / name).touch()

    found = samples_from(tmp_path)

    assert [epoch for epoch, _ in found.epochs] == [2, 10]
    assert (found.image, found.truth) == (None, tmp_path / "truth.png")


def test_the_ancestors_network_has_the_weights_its_notebook_says():
    assert n_parameters(PRESETS["seed"].unet) == 31_054_340


@pytest.mark.slow
@pytest.mark.parametrize(
    "unet",
    [
        UNetConfig(),
        UNetConfig((4, 6), n_classes=1, stem="full"),
        UNetConfig((8, 16, 32), n_classes=3),
    ],
)
def test_weights_are_counted_as_keras_counts_them(unet):
    pytest.importorskip("keras")
    from sandseg.model.unet import build_unet

    assert n_parameters(unet) == build_unet(unet).count_params()


def test_a_run_needs_room_for_its_checkpoints():
    small, large = (needed_bytes(RunSettings(PHANTOM, PRESETS[n])) for n in ("tiny", "seed"))

    assert small < 200e6
    assert 20 * 4 * 31e6 / 2 < large < 40 * 4 * 31e6
