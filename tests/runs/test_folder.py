import pytest

from sandseg.config import PRESETS, UNetConfig, n_parameters
from sandseg.runs.folder import metrics_from, needed_bytes, samples_from, status_entries
from sandseg.runs.settings import DataSource, RunSettings

PHANTOM = DataSource("phantom")


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
