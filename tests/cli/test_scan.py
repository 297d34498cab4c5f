import numpy as np
import pytest
import tifffile

from sandseg.cli.main import main
from sandseg.export.tiff import write_labels


@pytest.fixture
def rock(tmp_path, rng):
    labels = np.repeat(np.repeat(rng.integers(0, 4, (2, 8, 8)), 6, axis=1), 6, axis=2)
    write_labels(tmp_path / "labels.tif", labels.astype(np.uint8))
    return tmp_path / "labels.tif"


def sandseg(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["sandseg", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0


def test_labels_become_a_scan_that_can_be_opened(tmp_path, rock, monkeypatch, capsys):
    words = ["scan", rock, "-o", tmp_path / "scan.tif", "--angles", 48, "--bits", 16]

    assert sandseg(monkeypatch, *words, "--voxel-size", 2.5, "--surround", "rock") == 0

    assert "2 slices of 48 × 48 px" in capsys.readouterr().out
    image, labels = tifffile.imread(tmp_path / "scan.tif"), tifffile.imread(rock)
    assert (image.shape, image.dtype) == (labels.shape, np.uint16)
    medians = [np.median(image[labels == value]) for value in range(4)]
    assert medians == sorted(medians)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--tones", "a,b", "names no attenuations"), ("--bits", "7", "is no scan")],
)
def test_what_no_scanner_does_is_refused(tmp_path, rock, monkeypatch, capsys, option, value, said):
    code = sandseg(monkeypatch, "scan", rock, "-o", tmp_path / "scan.tif", option, value)

    assert code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "scan.tif").exists()
