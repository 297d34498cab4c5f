"""Somebody clicks on everything, without a plan and without a pause.

SANDSEG_FAULT_MINUTES says for how long (10), SANDSEG_FAULT_SEED which clicks (0).
"""

import random
import time

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Error as PlaywrightError
from visitor import Visitor

from sandseg.settings import FAULT_MINUTES, FAULT_SEED

pytestmark = pytest.mark.fault

MINUTES = FAULT_MINUTES.read()
SEED = FAULT_SEED.read()
CLICK_MS = 1500
PAUSE_MS = (50, 1200)
TARGETS = ", ".join(
    (
        "button",
        "summary",
        "canvas",
        "[role=tab]",
        "[role=radio]",
        "[role=option]",
        "[role=slider]",
        "[role=combobox]",
        "[role=gridcell]",
        "[data-testid=stCheckbox]",
        "svg.main-svg",
    )
)
KEYS = (
    "ArrowRight",
    "ArrowLeft",
    "ArrowUp",
    "Home",
    "End",
    "PageDown",
    "Escape",
    "Enter",
    "c",
    "r",
)
NONSENSE = ("", "?sample=nothing", "?slice=99999", "?slice=-1&view=nowhere", "?model=../../etc")
FAULT = '[data-testid="stException"]'


class Monkey:
    """A visitor whose next move is drawn by lot."""

    def __init__(self, page, url, pages, files):
        self.page, self.url, self.pages, self.files = page, url, pages, files
        self.random = random.Random(SEED)
        self.done = []

    def move(self):
        """Do one thing; what cannot be clicked just now is left."""
        kinds = (self.click, self.press_key, self.go_somewhere, self.upload, self.go_back)
        (kind,) = self.random.choices(kinds, weights=(60, 20, 6, 4, 3))
        try:
            self.done.append(f"{kind.__name__} {kind()} on {self.page.url}")
        except PlaywrightError as error:
            self.done.append(f"{kind.__name__} in vain: {str(error).splitlines()[0]}")
        self.page.wait_for_timeout(self.random.randint(*PAUSE_MS))

    def click(self):
        found = self.page.locator(TARGETS)
        target = found.nth(self.random.randrange(max(1, found.count())))
        box = target.bounding_box(timeout=CLICK_MS)
        if box is None:
            return "nothing"
        spot = {"x": box["width"] * self.random.random(), "y": box["height"] * self.random.random()}
        name = target.inner_text(timeout=CLICK_MS)[:40]
        target.click(
            position=spot, timeout=CLICK_MS, button=self.random.choice(("left",) * 9 + ("right",))
        )
        return repr(name)

    def press_key(self):
        key = self.random.choice(KEYS)
        self.page.keyboard.press(key)
        return key

    def go_somewhere(self):
        place = f"{self.url}/{self.random.choice(self.pages)}{self.random.choice(NONSENSE)}"
        self.page.goto(place, wait_until="commit")
        return place

    def go_back(self):
        self.page.go_back(wait_until="commit")
        return ""

    def upload(self):
        file = self.random.choice(self.files)
        self.page.locator('input[type="file"]').first.set_input_files(file, timeout=CLICK_MS)
        return file.name


@pytest.fixture
def files(tmp_path, rng):
    """Something good, something too strange, something broken."""
    good, strange, broken = (tmp_path / name for name in ("good.tif", "strange.tif", "broken.tif"))
    grey = rng.integers(0, 256, (5, 120, 90)).astype(np.uint8)
    tifffile.imwrite(good, grey, photometric="minisblack")
    tifffile.imwrite(strange, np.full((40, 40), np.nan, np.float32))
    broken.write_bytes(good.read_bytes()[:5000])
    return good, strange, broken


@pytest.mark.timeout(60 * MINUTES + 600)
def test_a_monkey_finds_nothing_that_breaks(serve, browser, files):
    server = serve({"SANDSEG_TRAINING": "off"})
    with Visitor(server.port) as visitor:
        pages = visitor.open().pages
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    monkey = Monkey(page, server.url, pages, files)
    page.goto(server.url)

    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        monkey.move()
        if page.locator(FAULT).count():
            errors.append(page.locator(FAULT).first.inner_text())
        assert not errors, "\n".join([*errors, "after:", *monkey.done[-12:]])
        assert server.process.poll() is None, "\n".join(monkey.done[-12:])
    assert "Traceback" not in page.content()
    context.close()

    assert server.seconds_to_answer() < 2
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        assert visitor.open().says("Porosity of the rock")
    n_in_vain = sum("in vain" in move for move in monkey.done)
    assert n_in_vain < len(monkey.done) / 2, "\n".join(monkey.done)
