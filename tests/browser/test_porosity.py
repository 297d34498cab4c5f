"""One porosity wherever it is read: off the page, the table, the report, the command line."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from playwright.sync_api import expect

from sandseg.classes import SANDSTONE
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.measure.composition import composition_of, joined
from sandseg.scan.labels.read import read_labels

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
    return Path(caught.value.path())


def percent_after(page, text):
    words = page.get_by_text(text).first.inner_text()
    return re.search(rf"{text} ([\d.]+) %", words)[1]


def shown(share):
    return f"{100 * float(share):.1f}"


def tells_the_same_connection(page, report, found, row, printed):
    names = ("open_porosity", "closed_porosity")
    shares = {f"stack_{name}": report[name] for name in names}
    through = report["connected_porosity"]
    shares |= {f"stack_connected_porosity_{axis}": through[axis] for axis in "zyx"}
    assert {name: float(row[name]) for name in shares} == shares
    for name in (*names, "connected_porosity", "connected_box"):
        assert found[name] == report[name]
    assert percent_after(page, "Open") == shown(report["open_porosity"])
    words = page.get_by_text("Pores that lead through").first.inner_text()
    assert re.findall(r"([\d.]+) %", words) == [shown(through[axis]) for axis in "zyx"]
    opened = f"Open porosity {shown(report['open_porosity'])}%, closed "
    assert f"{opened}{shown(report['closed_porosity'])}%" in printed
    along = ", ".join(f"{axis} {shown(through[axis])}%" for axis in "zyx")
    assert f"lead through along {along}" in printed


def info_of(path):
    with tifffile.TiffFile(path) as tif:
        return dict(
            line.split(": ", 1) for line in tif.imagej_metadata["Info"].splitlines() if ": " in line
        )


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
    table = list(csv.DictReader(download(page, "Phase fractions of").open()))
    found = json.loads(download(page, "Report of").read_text())
    row = next(row for row in table if row["slice"] == str(z + 1)) if is_stack else table[0]

    assert {row["file"] for row in table} == {"scan.tif"}
    assert float(row["porosity"]) == report["slices"][z]["porosity"]
    assert percent_after(page, "Porosity of the rock") == shown(row["porosity"])
    assert f"porosity {shown(report['porosity'])}%" in printed
    assert found["porosity"] == report["porosity"]
    assert found["source"] == "scan.tif"
    if is_stack:
        assert percent_after(page, "Porosity of the stack") == shown(report["porosity"])
        tells_the_same_connection(page, report, found, row, printed)
    true = joined([composition_of(labels, SANDSTONE) for labels in np.asarray(truth)])
    assert abs(report["porosity"] - true.porosity) < NEAR


@pytest.mark.parametrize("is_whole", [True, False], ids=["the stack", "a slice"])
def test_every_file_says_how_to_make_it_again(page, wait_until_idle, tmp_path, of_core, is_whole):
    scan = tmp_path / "my scan.tif"
    spacing = {"resolution": (5000, 4000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(
        scan, of_core[0], imagej=True, metadata={"unit": "um", "spacing": 3}, **spacing
    )
    page.goto("/segment")
    page.locator("canvas").first.wait_for()
    page.locator('input[type="file"]').first.set_input_files(scan)
    expect(page.get_by_text(re.compile("^4 slices of"))).to_be_visible(timeout=SLOW_MS)
    wait_until_idle(page)
    if is_whole:
        page.get_by_role("button", name="Segment all 4 slices").click()
        expect(page.get_by_text("slices are segmented")).to_be_visible(timeout=SLOW_MS)
        wait_until_idle(page)
    page.get_by_role("button", name="Download").last.click()
    labels = download(page, "Labels of")
    shown_command = page.locator("code").filter(has_text="sandseg segment").inner_text()

    says = info_of(labels)
    confidence = info_of(download(page, "Confidence of"))
    picture = Image.open(download(page, "Overlay of")).text
    [row, *_] = csv.DictReader(download(page, "Phase fractions of").open())
    report = json.loads(download(page, "Report of").read_text())
    assert says["slices"] == ("1 to 4" if is_whole else "3")
    for facts in (says, confidence, picture, row):
        assert facts["file"] == "my scan.tif"
        assert facts["model_sha256"] == report["model_sha256"]
        sizes = [float(facts[f"voxel_size_{axis}_um"]) for axis in "xyz"]
        assert sizes == pytest.approx([2.0, 2.5, 3.0])
        assert facts["verdict"] == report["domain"]["verdict"]
    assert says["command"] == confidence["command"] == row["command"] == report["command"]
    assert " ".join(shown_command.split()) == says["command"]
    command = says["command"].replace("python ", f"{sys.executable} ", 1)
    subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    again = tifffile.imread(tmp_path / "my_scan_labels.tif")
    np.testing.assert_array_equal(again, tifffile.imread(labels))
