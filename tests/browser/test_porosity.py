"""One porosity wherever it is read: off the page, the table, the report, the command line."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from playwright.sync_api import expect

from sandseg.classes import SANDSTONE
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.measure.composition import composition_of, joined
from sandseg.scan.labels import read_labels

ROOT = Path(__file__).resolve().parents[2]
SLOW_MS = 60_000
NEAR = 0.02


pytestmark = pytest.mark.usefixtures("stored_model")


@pytest.fixture
def of_core():
    """A stack in which air surrounds a core, and its true labels."""
    rock = make_phantom(PhantomConfig(shape=(4, 192, 192), seed=5))
    return rock.image, rock.labels


@pytest.fixture
def of_crop(of_core):
    """A stack cut from inside the rock."""
    return tuple(part[:, 48:144, 48:144] for part in of_core)


@pytest.fixture
def of_real_rock(sandstone_dir):
    name = "Sandstone_Versa0150.tif"
    image = tifffile.imread(sandstone_dir / "images" / name)
    return image[None], read_labels(sandstone_dir / "masks" / name)


def download(page, name):
    with page.expect_download() as caught:
        page.get_by_role("button", name=name).click()
    return Path(caught.value.path()).read_text()


def percent_after(page, text):
    words = page.get_by_text(text).first.inner_text()
    return re.search(rf"{text} ([\d.]+) %", words)[1]


def shown(share):
    return f"{100 * float(share):.1f}"


@pytest.mark.parametrize("rock", ["of_core", "of_crop", "of_real_rock"])
def test_every_place_tells_the_same_porosity(request, page, wait_until_idle, tmp_path, rock):
    image, truth = request.getfixturevalue(rock)
    scan, is_stack = tmp_path / "scan.tif", len(image) > 1
    tifffile.imwrite(scan, image, photometric="minisblack")
    command = [sys.executable, "-m", "sandseg", "segment", scan, "-o", tmp_path / "labels.tif"]
    command += ["--report", tmp_path / "report.json"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    report = json.loads((tmp_path / "report.json").read_text())
    page.goto("/segment")
    page.locator("canvas").first.wait_for()
    wait_until_idle(page)

    page.locator('input[type="file"]').first.set_input_files(scan)
    expect(page.get_by_text(re.compile(rf"^{len(image)} slices? of"))).to_be_visible(
        timeout=SLOW_MS
    )
    wait_until_idle(page)
    if is_stack:
        page.get_by_role("button", name=f"Segment all {len(image)} slices").click()
        expect(page.get_by_text("slices are segmented")).to_be_visible(timeout=SLOW_MS)
        wait_until_idle(page)
    z = len(image) // 2
    page.get_by_role("button", name="Download").last.click()
    table = list(csv.DictReader(io.StringIO(download(page, "Phase fractions of"))))
    row = next(row for row in table if row["slice"] == str(z + 1)) if is_stack else table[0]

    assert {row["file"] for row in table} == {"scan.tif"}
    assert float(row["porosity"]) == report["slices"][z]["porosity"]
    assert percent_after(page, "Porosity of the rock") == shown(row["porosity"])
    assert f"porosity {shown(report['porosity'])}%" in printed
    if is_stack:
        assert percent_after(page, "Porosity of the stack") == shown(report["porosity"])
        found = json.loads(download(page, "Report"))
        assert found["porosity"] == report["porosity"]
        assert found["source"] == "scan.tif"
    true = joined([composition_of(labels, SANDSTONE) for labels in np.asarray(truth)])
    assert abs(report["porosity"] - true.porosity) < NEAR
