"""Teaching in a real browser: strokes on somebody else's rock, and what becomes of them."""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import tifffile
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from scipy import ndimage

from sandseg.model.store import load_model
from sandseg.settings import data_folder, models_folder
from tests.browser import conftest as served

pytestmark = pytest.mark.usefixtures("stored_model")

N_STROKES = 10  # of each class
Z = 1
BRUSH = 3  # pixels
SEVERE = ("serious", "critical")
SLOW_MS = 120_000


@pytest.fixture(scope="module")
def scan():
    """A scan of another sandstone, and where its pores are."""
    folder = (data_folder() or Path("/nowhere")) / "scans"
    if not folder.is_dir():
        pytest.skip("SANDSEG_DATA names no folder with scans/.")
    return folder / "berea_noisy.tif", tifffile.imread(folder / "berea_labels.tif")[Z]


class Server:
    """A server that can be killed and started again at the same address."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.app = served.RunningApp(f"http://127.0.0.1:{self.port}", folder / "log.txt")

    def start(self):
        options = {"port": self.port, "address": "127.0.0.1", "headless": "true"}
        command = [sys.executable, "-u", "-m", "streamlit", "run", "server.py"]
        command += [f"--server.{name}={value}" for name, value in options.items()]
        ours = {
            "SANDSEG_WORK": str(self.folder / "work"),
            "SANDSEG_RUNS": str(self.folder / "runs"),
            "SANDSEG_MODELS": str(self.folder / "models"),
        }
        with self.app.log_path.open("a") as log:
            self.process = subprocess.Popen(
                command,
                cwd=served.ROOT,
                env=os.environ | ours,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        served._wait_until_warm(self.process, self.app)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(tmp_path, phantom_at_hand):
    ignored = shutil.ignore_patterns("runs", "recipes")
    shutil.copytree(models_folder(), tmp_path / "models", ignore=ignored)
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


class Teacher:
    """Somebody at the page Teach."""

    def __init__(self, page, wait_until_idle):
        self.page, self.wait_until_idle = page, wait_until_idle
        self.address = None
        page.on("request", self._note)

    def _note(self, request):
        if found := re.match(r"(.*/api/paint/[^/]+/)labels", request.url):
            self.address = found[1]

    def open(self, address):
        self.page.goto(address)
        self.ready()

    def ready(self):
        self.page.locator(".viewer[data-z] canvas").first.wait_for(timeout=SLOW_MS)
        self.wait_until_idle(self.page)

    def upload(self, path):
        self.page.locator('input[type="file"]').first.set_input_files(path)
        self.page.wait_for_url(re.compile(r"sample=[\w.-]{40}"), timeout=SLOW_MS)
        self.ready()

    def choose_two_classes(self):
        self.page.get_by_role("button", name="Classes").click()
        self.page.get_by_role("button", name="Pore and solid").click()
        self.page.get_by_role("button", name="solid", exact=True).first.wait_for()
        self.page.keyboard.press("Escape")
        self.wait_until_idle(self.page)

    def choose_brush(self):
        slider = self.page.locator(".viewer").get_by_label("Size of the brush")
        for _ in range(200):
            if self.page.locator(".viewer").get_by_text(f"{BRUSH} px", exact=True).count():
                return
            slider.press("ArrowLeft")
        raise AssertionError("the brush does not get smaller")

    def paint(self, name, line):
        """Paint a line [(x, y), (x, y)] of image pixels in a class."""
        self.page.locator(".viewer").get_by_role("button", name=name, exact=True).click()
        (x0, y0), (x1, y1) = map(self._place, line)
        self.page.mouse.move(x0, y0)
        self.page.mouse.down()
        self.page.mouse.move(x1, y1, steps=5)
        self.page.mouse.up()

    def _place(self, pixel):
        """Where the middle of an image pixel is on the screen."""
        scale, x, y = map(float, self.page.locator(".viewer").get_attribute("data-view").split())
        box = self.page.locator(".viewer canvas").first.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return [
            at + (one + 0.5 - seen) * scale
            for at, one, seen in zip(middle, pixel, (x, y), strict=True)
        ]

    def saved(self):
        expect(self.page.locator(".viewer").get_by_text("Saved", exact=True)).to_be_visible()

    def events(self):
        with urlopen(f"{self.address}state?known=0", timeout=60) as answer:
            return json.load(answer)["events"]

    def labels(self, z, n_strokes, shape):
        """Wait for the labels of a slice that all strokes have taught."""
        have = 0
        for _ in range(60):
            query = f"z={z}&have={have}&box=0,0,{shape[1]},{shape[0]}"
            with urlopen(f"{self.address}labels?{query}", timeout=60) as answer:
                content = answer.read()
            if not content:
                continue
            (length,) = struct.unpack_from("<I", content)
            header = json.loads(content[4 : 4 + length])
            have = header["version"]
            if header["isWhole"] and header["learned"] >= n_strokes:
                return np.asarray(Image.open(BytesIO(content[4 + length :])))
        raise AssertionError("the labels never came")


def lines_in(labels, value, rng):
    """Choose lines as a person would: inside of a class, here and there."""
    depth = ndimage.distance_transform_edt(np.pad(labels == value, 1))[1:-1, 1:-1]
    found, spots = [], np.argwhere(depth >= 2.5)
    rng.shuffle(spots)
    for y, x in spots:
        if all(np.hypot(x - a[0], y - a[1]) > 14 for a, _ in found):
            found.append(((int(x), int(y)), longest(depth, x, y)))
        if len(found) == N_STROKES:
            return found
    raise AssertionError("there are too few places")


def longest(depth, x, y, most=12):
    """Return the end of the longest line from a place that stays inside."""
    best = int(x), int(y)
    for angle in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        for n in range(1, most):
            at = round(x + n * np.cos(angle)), round(y + n * np.sin(angle))
            is_inside = 0 <= at[1] < depth.shape[0] and 0 <= at[0] < depth.shape[1]
            if not is_inside or depth[at[1], at[0]] < 2:
                break
            if n > np.hypot(best[0] - x, best[1] - y):
                best = at
    return best


def iou(found, true, value):
    inside = true != 255
    both = (found == value) & (true == value)
    return both.sum() / (((found == value) | (true == value)) & inside).sum()


def severe(page):
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in SEVERE]


def teach(teacher, true):
    """Paint ten strokes in each of two classes; return the labels of the slice."""
    teacher.choose_two_classes()
    teacher.choose_brush()
    rng = np.random.default_rng(1)
    strokes = [(name, lines_in(true, value, rng)) for value, name in enumerate(("pore", "solid"))]
    for i in range(N_STROKES):
        for name, lines in strokes:
            teacher.paint(name, lines[i])
    teacher.saved()
    n_events = len(teacher.events())
    assert n_events >= 2 * N_STROKES
    return teacher.labels(Z, n_events, true.shape)


def test_ten_strokes_a_class_find_the_pores_of_another_rock_and_stay_as_a_model(
    browser, server, scan, wait_until_idle
):
    path, true = scan
    visitor = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server.app.url)
    page = visitor.new_page()
    teacher = Teacher(page, wait_until_idle)
    teacher.open("/teach")
    teacher.upload(path)

    labels = teach(teacher, true)

    assert iou(labels, true, 0) >= 0.9
    page.get_by_text("Mean IoU about").wait_for(timeout=SLOW_MS)
    wait_until_idle(page)  # what is being drawn anew is pale
    assert not severe(page)
    page.get_by_role("button", name="Keep as a model").click()
    page.get_by_role("textbox", name="Its name").fill("my-berea")
    page.keyboard.press("Enter")
    wait_until_idle(page)
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Segment with it").click(timeout=SLOW_MS)
    page.wait_for_url(re.compile(r"/segment.*model=my-berea"), timeout=SLOW_MS)
    teacher.ready()
    kept = load_model("my-berea", server.folder / "models")
    assert [material.name for material in kept.classes] == ["pore", "solid"]
    page.get_by_role("button", name="Segment all 3 slices").click()
    page.get_by_text("All 3 slices are segmented.").wait_for(timeout=SLOW_MS)
    [found] = server.folder.glob("work/*/*/jobs/*/labels.tif")
    np.testing.assert_array_equal(tifffile.imread(found)[Z], labels)
    visitor.close()


def test_nothing_is_lost_by_a_reload_a_second_tab_or_the_end_of_the_server(
    browser, server, wait_until_idle
):
    visitor = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=server.app.url)
    first = Teacher(visitor.new_page(), wait_until_idle)
    first.open("/teach?sample=phantom")
    first.paint("air", [(60, 20), (90, 24)])
    first.paint("quartz", [(120, 120), (150, 128)])
    first.saved()
    events, address = first.events(), first.page.url
    server.kill()
    server.start()

    second = Teacher(visitor.new_page(), wait_until_idle)
    second.open(address)
    assert second.events() == events
    second.page.reload()
    second.ready()
    assert second.events() == events
    expect(second.page.get_by_text("1 stroke").first).to_be_visible(timeout=SLOW_MS)
    second.paint("quartz", [(60, 160), (80, 166)])
    second.saved()
    third = Teacher(visitor.new_page(), wait_until_idle)
    third.open(address)
    assert third.events() == second.events()
    assert len(third.events()) == len(events) + 1
    visitor.close()


def test_classes_that_were_chosen_stay_chosen(page, wait_until_idle):
    page.goto("/teach")
    wait_until_idle(page)
    page.get_by_role("button", name="Classes").click()
    page.get_by_role("button", name="Pore and solid").click()

    solid = page.locator('input[aria-label="Name of class 2"][value="solid"]')
    expect(solid).to_have_count(1, timeout=SLOW_MS)
    page.wait_for_timeout(2000)  # a browser that held the old names would have said them by now
    expect(page.get_by_label("Name of class 3")).to_have_count(0)
    name = page.get_by_label("Name of class 2")
    expect(name).to_have_value("solid")
    name.fill("grains")
    name.press("Enter")
    expect(page.get_by_role("button", name="grains", exact=True)).to_be_visible(timeout=SLOW_MS)


def test_a_slice_is_accepted_as_right_and_taken_back_by_undo(page, wait_until_idle):
    teacher = Teacher(page, wait_until_idle)
    teacher.open("/teach?sample=phantom")
    teacher.paint("air", [(60, 20), (90, 24)])
    teacher.paint("quartz", [(120, 120), (150, 128)])
    teacher.saved()
    page.get_by_role("button", name="Train a network on this").click(timeout=SLOW_MS)
    accept = page.get_by_role("button", name=re.compile(r"Slice \d+ is right"))
    expect(accept).to_be_enabled(timeout=SLOW_MS)

    accept.click()

    expect(page.get_by_text(re.compile(r"Accepted as right: slice \d+"))).to_be_visible(
        timeout=SLOW_MS
    )
    assert teacher.events()[-1]["do"] == "accept"
    page.keyboard.press("Escape")
    page.locator(".viewer").get_by_role("button", name="Undo").click()
    teacher.saved()
    page.get_by_role("button", name="Train a network on this").click(timeout=SLOW_MS)
    expect(page.get_by_text("Accepted as right: no slice yet")).to_be_visible(timeout=SLOW_MS)
    assert [event["do"] for event in teacher.events()][-2:] == ["accept", "undo"]
    expect(page.get_by_text("1 stroke").first).to_be_visible()
    assert not severe(page)


def open_rock(page, wait_until_idle):
    teacher = Teacher(page, wait_until_idle)
    teacher.open("/teach?sample=phantom")
    return teacher


def painted_in(page):
    """Colors of the canvas: how many pixels there are of the yellow of doubt, and of any."""
    return page.locator(".viewer canvas").first.evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let yellow = 0, colored = 0;
          for (let i = 0; i < data.length; i += 4) {
            const [red, green, blue] = data.subarray(i, i + 3);
            yellow += red - blue > 60 && green - blue > 50;
            colored += Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
          }
          return { yellow, colored };
        }"""
    )


def wait_for(page, is_so):
    end = time.monotonic() + SLOW_MS / 1000
    while not is_so():
        assert time.monotonic() < end
        page.wait_for_timeout(100)


def test_how_sure_it_is_is_a_view_that_follows_the_strokes(page, wait_until_idle):
    teacher = open_rock(page, wait_until_idle)
    viewer = page.locator(".viewer")
    viewer.get_by_role("button", name="Confidence", exact=True).click()
    viewer.get_by_text("Nothing is learned here yet.", exact=True).wait_for()
    assert painted_in(page)["colored"] == 0

    teacher.paint("air", [(60, 20), (90, 24)])
    teacher.paint("quartz", [(120, 120), (150, 128)])

    viewer.get_by_text("Yellow: torn between classes.").wait_for(timeout=SLOW_MS)
    wait_for(page, lambda: painted_in(page)["yellow"] > 50)
    expect(viewer.get_by_label("Opacity of the colors")).to_be_hidden()
    page.mouse.move(*teacher._place((128, 60)))
    expect(viewer.locator(".readout")).to_contain_text(re.compile(r"confidence \d+ %"))
    page.keyboard.press("v")  # on to grey alone
    expect(viewer.get_by_text("Yellow: torn between classes.")).to_have_count(0)
    assert painted_in(page)["yellow"] == 0
    expect(page.get_by_role("button", name="Classes", exact=True)).to_have_count(1)


def test_strokes_in_a_side_view_are_on_the_slices_and_teach(page, wait_until_idle):
    teacher = open_rock(page, wait_until_idle)
    page.get_by_text("XZ", exact=True).click()
    page.locator(".viewer[data-z='128'] canvas").first.wait_for(timeout=SLOW_MS)
    wait_until_idle(page)
    assert "plane=y" in page.url

    teacher.paint("air", [(8, 20), (12, 22)])
    teacher.paint("quartz", [(60, 30), (64, 33)])

    wait_for(page, lambda: len(teacher.events()) == 3)  # the classes are the first
    _, first, second = teacher.events()
    assert (first["axis"], first["at"]) == (second["axis"], second["at"]) == ("y", 128)
    assert {z for _, z in second["points"]} >= {30, 33}
    page.locator(".viewer").get_by_text(re.compile(r"Labels on \d+ of 64 slices")).wait_for(
        timeout=SLOW_MS
    )
    page.mouse.move(*teacher._place((61, 30)))
    expect(page.locator(".viewer .readout")).to_contain_text("z 30")
    expect(page.locator(".viewer .readout")).to_contain_text("painted quartz")
    expect(page.locator(".viewer .readout")).to_contain_text("y 128")
    page.get_by_text("YZ", exact=True).click()
    page.locator(".viewer[data-z] canvas").first.wait_for()
    wait_until_idle(page)
    page.get_by_text("Slices", exact=True).click()
    wait_until_idle(page)
    page.get_by_text("Slice 33 of 64").first.wait_for(timeout=SLOW_MS)
    page.mouse.move(5, 5)
    wait_until_idle(page)
    assert not severe(page)

    labels = teacher.labels(31, 3, (256, 256))

    assert {0, 2} <= set(np.unique(labels))
    strokes = page.locator(".viewer")
    expect(strokes.get_by_text("Labels on")).to_have_count(0)
    expect(page.get_by_role("button", name="Classes", exact=True)).to_have_count(1)
