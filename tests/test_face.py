"""The public face: the names that scripts import from sandseg itself."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

import sandseg
from sandseg.export.tiff import write_image
from sandseg.scan.labels.read import read_labels

ROOT = Path(__file__).resolve().parents[1]


def test_ten_names_at_most_lead_into_the_house():
    assert 5 <= len(sandseg.__all__) <= 10
    for name in sandseg.__all__:
        assert callable(getattr(sandseg, name)), name
        assert name in dir(sandseg)


def test_nothing_is_loaded_that_is_not_used():
    script = "import sandseg, sys; sys.exit(str({'numpy', 'scipy', 'openvino'} & set(sys.modules)))"

    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert run.stderr.strip() == "set()"


def test_the_readmes_example_segments_a_scan(tmp_path, monkeypatch):
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (2, 64, 48)).astype(np.uint8)
    write_image("scan.tif", image)

    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - it is ours

    assert len(example.strip().splitlines()) <= 6
    assert read_labels("labels.tif").shape == image.shape
