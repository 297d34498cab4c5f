"""Painting on the viewer in a real Chromium, over the made-up rock of painting_app.py."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from painting_lesson import SHAPE
from playwright.sync_api import expect

from pages.components.modules import join_modules
from sandseg.errors import TeachError
from sandseg.teach.painting.strokes import Painting

STROKES = Path(__file__).parents[2] / "pages" / "components" / "painting" / "strokes" / "strokes.js"
SERVER = Path(__file__).with_name("painting_server.py")
FEWEST_FRAMES_PER_SECOND = 30  # in the best of some windows: the machine has other work, too
SEVERE = ("serious", "critical")
_numbers = count()


@pytest.fixture(scope="module")
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"port": port, "address": "127.0.0.1", "headless": "true"}
    flags = [f"--server.{name}={value}" for name, value in options.items()]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(SERVER), *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Nothing answers at {url}.")


@pytest.fixture(scope="module")
def contexts(browser):
    """Browser profiles by their options: the second page finds the first one's files."""
    return {
        has_touch: browser.new_context(has_touch=has_touch, reduced_motion="reduce")
        for has_touch in (False, True)
    }


@pytest.fixture
def lesson():
    """What is painted in: a new one for each test."""
    return f"lesson{next(_numbers)}"


@pytest.fixture
def open_page(contexts, address, lesson):
    pages, problems = [], []

    def opened(width: int = 1440, height: int = 900, more: str = ""):
        page = contexts[width < 500].new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{address}/?lesson={lesson}{more}")
        _settle(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert problems == []


def _settle(page) -> None:
    page.wait_for_selector(".viewer[data-z]", timeout=60_000)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(300)


@pytest.fixture
def events_of(address, lesson):
    """What the server has of the lesson."""

    def ask() -> list[dict]:
        with urllib.request.urlopen(f"{address}/api/events/{lesson}") as answer:
            return json.load(answer)

    return ask


def _screen(page, x: float, y: float, n: int = 0) -> tuple[float, float]:
    """Place on the screen of the middle of an image pixel."""
    page.evaluate("() => new Promise(requestAnimationFrame)")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    view = page.locator(".viewer").nth(n).get_attribute("data-view").split()
    scale, middle_x, middle_y = (float(number) for number in view)
    box = page.locator(".viewer canvas").nth(n).bounding_box()
    return (
        box["x"] + box["width"] / 2 + (x + 0.5 - middle_x) * scale,
        box["y"] + box["height"] / 2 + (y + 0.5 - middle_y) * scale,
    )


def _drag(page, *pixels: tuple[int, int], steps: int = 6) -> None:
    page.mouse.move(*_screen(page, *pixels[0]))
    page.mouse.down()
    for pixel in pixels[1:]:
        page.mouse.move(*_screen(page, *pixel), steps=steps)
    page.mouse.up()


def _color(page, x: float, y: float) -> list[int]:
    """Color drawn at an image pixel."""
    left, top = _screen(page, x, y)
    box = page.locator(".viewer canvas").first.bounding_box()
    script = """(canvas, [x, y]) => {
      const { data } = canvas.getContext("2d").getImageData(x, y, 1, 1);
      return [...data].slice(0, 3);
    }"""
    place = [int(left - box["x"]), int(top - box["y"])]
    return page.locator(".viewer canvas").first.evaluate(script, place)


def _is_yellow(color: list[int]) -> bool:
    return color[0] > 180 and color[1] > 150 and color[2] < color[0] - 60


def _wait_saved(page) -> None:
    expect(page.locator(".status")).to_have_text("Saved", timeout=20_000)


def _tool(page, name: str) -> None:
    page.locator(f'.paint-bar [data-tool="{name}"]').click()


def _class(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_stroke_of_the_mouse_is_seen_and_sent(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")

    _drag(page, (300, 400), (500, 400))
    _wait_saved(page)

    assert _is_yellow(_color(page, 400, 400))
    assert not _is_yellow(_color(page, 400, 430))
    (event,) = events_of()
    known = {key: event[key] for key in ("do", "axis", "at", "value", "tool", "size")}
    expected = {"do": "paint", "axis": "z", "at": 2, "value": 4, "tool": "brush", "size": 12}
    assert known == expected
    ends = event["points"][0], event["points"][-1]
    assert all(
        abs(x - at) < 2 and abs(y - 400) < 2 for (x, y), at in zip(ends, (300, 500), strict=True)
    )


def test_undo_and_redo_by_keys_and_buttons(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    _drag(page, (300, 400), (500, 400))

    page.keyboard.press("Control+z")
    assert not _is_yellow(_color(page, 400, 400))
    page.keyboard.press("Control+Shift+z")
    assert _is_yellow(_color(page, 400, 400))
    _tool(page, "undo")
    assert not _is_yellow(_color(page, 400, 400))
    page.keyboard.press("Control+y")
    assert _is_yellow(_color(page, 400, 400))
    _wait_saved(page)

    assert [event["do"] for event in events_of()] == ["paint", "undo", "redo", "undo", "redo"]


def test_the_eraser_takes_away_what_it_touches(open_page):
    page = open_page()
    _class(page, "pyrite")
    _drag(page, (300, 400), (500, 400))
    _tool(page, "eraser")

    _drag(page, (400, 350), (400, 450))

    assert not _is_yellow(_color(page, 400, 400))
    assert _is_yellow(_color(page, 350, 400))


def test_a_line_is_straight_and_may_be_long(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    page.keyboard.press("l")

    _drag(page, (100, 100), (500, 700), (900, 150))
    _wait_saved(page)

    assert _is_yellow(_color(page, 500, 125))
    assert not _is_yellow(_color(page, 300, 400))
    (event,) = events_of()
    steps = pairwise(event["points"])
    assert all(abs(a - b) <= 256 for one, other in steps for a, b in zip(one, other, strict=True))


def test_a_closed_outline_is_filled_and_an_open_one_is_refused(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    page.keyboard.press("g")
    page.mouse.click(*_screen(page, 450, 450))
    assert "not closed" in page.locator(".status").inner_text()

    page.keyboard.press("b")
    _drag(page, (400, 400), (500, 400), (500, 500), (400, 500), (400, 400))
    page.keyboard.press("g")
    page.mouse.click(*_screen(page, 450, 450))
    _wait_for_events(events_of, 2)

    assert _is_yellow(_color(page, 450, 450))
    assert not _is_yellow(_color(page, 550, 450))


def _wait_for_events(events_of, n: int) -> None:
    for _ in range(100):
        if len(events_of()) >= n:
            return
        time.sleep(0.1)
    pytest.fail(f"The server has {len(events_of())} events, not {n}.")


def test_keys_paint_a_stroke_and_say_so(open_page, events_of):
    page = open_page()
    live = page.locator(".viewer .unseen[aria-live]")
    page.locator(".stage").focus()

    page.keyboard.press("4")
    assert live.text_content() == "pyrite"
    page.keyboard.press("ArrowLeft")
    expect(live).to_contain_text("not painted")
    page.keyboard.press("Space")
    assert live.text_content() == "Brush down, pyrite"
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert live.text_content() == "Brush up"
    _wait_saved(page)

    (event,) = events_of()
    (x, y), end = event["points"][0], event["points"][-1]
    assert end == [x + 50, y + 1]
    assert _is_yellow(_color(page, x + 20, y))


def test_escape_gives_a_stroke_up(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    page.mouse.move(*_screen(page, 300, 400))
    page.mouse.down()
    page.mouse.move(*_screen(page, 500, 400), steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()

    assert not _is_yellow(_color(page, 400, 400))
    page.wait_for_timeout(300)
    assert events_of() == []


def test_space_and_the_middle_button_move_the_picture(open_page, events_of):
    page = open_page()
    page.mouse.move(*_screen(page, 500, 500))
    for _ in range(4):
        page.mouse.wheel(0, -240)
    before = page.locator(".viewer").get_attribute("data-view")

    page.keyboard.down("Space")
    _drag(page, (500, 500), (450, 470))
    page.keyboard.up("Space")
    moved = page.locator(".viewer").get_attribute("data-view")
    page.mouse.move(*_screen(page, 500, 500))
    page.mouse.down(button="middle")
    page.mouse.move(*_screen(page, 520, 520), steps=4)
    page.mouse.up(button="middle")

    assert len({before, moved, page.locator(".viewer").get_attribute("data-view")}) == 3
    assert events_of() == []


class Fingers:
    """Touches as a screen sends them."""

    def __init__(self, page):
        self.page = page
        self.client = page.context.new_cdp_session(page)

    def send(self, kind: str, *pixels: tuple[int, int]) -> None:
        points = [
            {"x": x, "y": y, "id": i}
            for i, (x, y) in enumerate(_screen(self.page, *pixel) for pixel in pixels)
        ]
        self.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_one_finger_paints(open_page, events_of):
    page = open_page(390, 844)
    _class(page, "pyrite")
    fingers = Fingers(page)

    fingers.send("touchStart", (300, 400))
    for x in range(320, 620, 20):
        fingers.send("touchMove", (x, 400))
    fingers.send("touchEnd")
    _wait_saved(page)

    assert _is_yellow(_color(page, 450, 400))
    assert len(events_of()) == 1


def test_two_fingers_zoom_and_paint_nothing(open_page, events_of):
    page = open_page(390, 844)
    fingers = Fingers(page)
    places = [[*_screen(page, 500 + side * apart, 500)] for apart in (60, 260) for side in (-1, 1)]
    before = page.locator(".viewer").get_attribute("data-view")

    def send(kind: str, *where: list[float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(where)]
        fingers.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", places[0], places[1])  # as one, however slow the machine is
    send("touchMove", places[2], places[3])
    send("touchEnd")
    page.wait_for_timeout(300)

    assert page.locator(".viewer").get_attribute("data-view") != before
    assert events_of() == []
    assert page.locator('[data-tool="undo"]').is_disabled()


def test_a_second_finger_later_ends_the_stroke_and_zooms(open_page, events_of):
    page = open_page(390, 844)
    fingers = Fingers(page)
    before = page.locator(".viewer").get_attribute("data-view")

    fingers.send("touchStart", (300, 400))
    fingers.send("touchMove", (360, 400))
    page.wait_for_timeout(300)
    fingers.send("touchStart", (360, 400), (700, 400))
    fingers.send("touchMove", (300, 400), (760, 400))
    fingers.send("touchEnd")
    _wait_for_events(events_of, 1)

    assert max(x for x, _ in events_of()[0]["points"]) <= 362
    assert page.locator(".viewer").get_attribute("data-view") != before


def test_a_pen_paints_and_its_other_end_erases(open_page, events_of):
    page = open_page()
    script = """(canvas, [kind, button, clientX, clientY]) => canvas.dispatchEvent(
      new PointerEvent(kind, { pointerId: 9, pointerType: "pen", button,
        buttons: button ? 32 : 1, clientX, clientY, bubbles: true }))"""
    canvas = page.locator(".viewer canvas")
    canvas.evaluate("canvas => { canvas.setPointerCapture = () => {}; }")  # of a pen that is none

    for button in (0, 5):
        canvas.evaluate(script, ["pointerdown", button, *_screen(page, 300, 560)])
        canvas.evaluate(script, ["pointermove", button, *_screen(page, 400, 560)])
        canvas.evaluate(script, ["pointerup", button, *_screen(page, 400, 560)])
    _wait_for_events(events_of, 2)

    assert [event["value"] for event in events_of()] == [1, 0]


def test_strokes_survive_a_reload_and_come_to_a_second_tab(open_page):
    page, other = open_page(), open_page()
    _class(page, "pyrite")
    _drag(page, (300, 400), (500, 400))
    _wait_saved(page)

    page.reload()
    _settle(page)
    _wait_saved(page)
    assert _is_yellow(_color(page, 400, 400))

    expect(other.locator(".status")).to_have_text("Saved", timeout=20_000)
    assert _is_yellow(_color(other, 400, 400))
    other.keyboard.press("Control+z")
    assert not _is_yellow(_color(other, 400, 400))


def test_a_viewer_that_comes_back_has_its_strokes_and_its_brush(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    page.keyboard.press("]")
    _drag(page, (300, 400), (500, 400))
    _wait_saved(page)

    page.get_by_text("Show the slice").click()
    page.locator(".viewer").wait_for(state="detached")
    page.get_by_text("Show the slice").click()
    _settle(page)
    _wait_saved(page)
    assert _is_yellow(_color(page, 400, 400))
    _drag(page, (300, 600), (500, 600))
    _wait_for_events(events_of, 2)

    first, second = events_of()
    assert (second["value"], second["size"]) == (4, first["size"])


def test_without_a_connection_strokes_wait_and_outlive_a_reload(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    page.route("**/api/paint/**", lambda route: route.abort())
    _drag(page, (300, 400), (500, 400))
    expect(page.locator(".status")).to_contain_text("trying again", timeout=20_000)
    assert events_of() == []

    page.reload()
    _settle(page)
    assert _is_yellow(_color(page, 400, 400))
    page.unroute("**/api/paint/**")
    _wait_for_events(events_of, 1)
    expect(page.locator(".status")).to_have_text("Saved", timeout=20_000)


def test_strokes_are_shown_over_labels_over_grey_and_alone(open_page):
    page = open_page()
    _class(page, "pyrite")
    _drag(page, (300, 400), (500, 400))
    _wait_saved(page)
    rock = (400, 470)
    colored = [_color(page, *rock)]

    for name in ("Grey", "Strokes"):
        page.locator(".segmented").get_by_role("button", name=name).click()
        assert _is_yellow(_color(page, 400, 400))
        colored.append(_color(page, *rock))

    _labels, grey, alone = colored
    assert max(grey) - min(grey) < 3
    assert alone == [125, 121, 114]


def test_labels_that_are_learned_come_onto_the_picture(open_page):
    page = open_page()
    before = _color(page, 700, 800)
    assert max(before) - min(before) < 3

    _drag(page, (300, 400), (500, 400))

    page.locator(".viewer [data-action=outline]").wait_for()
    after = _color(page, 700, 800)
    assert max(after) - min(after) > 20


def test_strokes_of_an_imported_file_are_seen_and_can_be_undone(open_page):
    page = open_page(more="&import=1")
    _wait_saved(page)
    assert _is_yellow(_color(page, 450, 550))
    assert not _is_yellow(_color(page, 450, 620))

    _tool(page, "undo")
    assert not _is_yellow(_color(page, 450, 550))


def test_paint_here_next_leads_to_the_place(open_page):
    page = open_page()
    _drag(page, (300, 400), (500, 400))
    page.get_by_role("button", name="Paint here next").click()

    expect(page.locator(".viewer .unseen[aria-live]")).to_have_text(
        "Slice 3 of 6, x 600, y 300: paint here next"
    )
    scale, x, y = (float(n) for n in page.locator(".viewer").get_attribute("data-view").split())
    assert (x, y) == pytest.approx((600.5, 300.5))
    assert scale > 1


def test_strokes_belong_to_their_slice(open_page, events_of):
    page = open_page()
    _class(page, "pyrite")
    _drag(page, (300, 400), (500, 400))
    page.keyboard.press("PageDown")
    page.wait_for_selector('.viewer[data-z="3"]')
    assert not _is_yellow(_color(page, 400, 400))

    _drag(page, (300, 600), (500, 600))
    _wait_for_events(events_of, 2)

    assert [event["at"] for event in events_of()] == [2, 3]
    page.keyboard.press("PageUp")
    page.wait_for_selector('.viewer[data-z="2"]')
    assert _is_yellow(_color(page, 400, 400))


def test_a_stroke_in_a_side_view_crosses_the_slices(open_page, events_of):
    page = open_page(more="&side=1")
    page.get_by_role("button", name="pyrite", exact=True).first.click()

    page.locator(".viewer canvas").nth(1).scroll_into_view_if_needed()
    page.mouse.move(*_screen(page, 700, 1, n=1))
    page.mouse.down()
    page.mouse.move(*_screen(page, 700, 4, n=1), steps=4)
    page.mouse.up()
    _wait_for_events(events_of, 1)

    (event,) = events_of()
    assert (event["axis"], event["at"]) == ("y", 560)
    assert {z for _, z in event["points"]} >= {1, 4}
    page.locator(".viewer canvas").first.scroll_into_view_if_needed()
    page.mouse.move(*_screen(page, 700, 560))
    for _ in range(4):
        page.mouse.wheel(0, -240)
    page.wait_for_timeout(200)
    red, _, blue = _color(page, 700, 560)  # one row of it: all edge, which is darker
    assert red - blue > 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_painting_shuts_nobody_out(open_page, width, scheme):
    page = open_page(width, 844)
    page.emulate_media(color_scheme=scheme)
    _class(page, "clay")
    page.locator('[data-action="help"]').click()
    page.wait_for_timeout(500)

    found = Axe().run(page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in SEVERE] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_thirty_frames_a_second_while_painting(open_page, record_property):
    page = open_page()
    _drag(page, (300, 300), (320, 320))
    _wait_saved(page)
    page.mouse.move(*_screen(page, 100, 100))
    page.mouse.down()
    frames = []
    for turn in range(6):
        script = """async (root) => {
          const before = Number(root.dataset.frames), start = performance.now();
          const canvas = root.querySelector('canvas'), box = canvas.getBoundingClientRect();
          const { width, height } = box;
          for (let i = 0; performance.now() - start < 700; i += 1) {
            await new Promise(requestAnimationFrame);
            const clientX = box.left + width * (0.5 + 0.2 * Math.cos(i / 9 + TURN));
            const clientY = box.top + height * (0.5 + 0.3 * Math.sin(i / 7 + TURN));
            canvas.dispatchEvent(new PointerEvent("pointermove",
              { pointerId: 1, pointerType: "mouse", buttons: 1, clientX, clientY, bubbles: true }));
          }
          return (Number(root.dataset.frames) - before) / ((performance.now() - start) / 1000);
        }"""
        frames.append(page.locator(".viewer").evaluate(script.replace("TURN", str(turn))))
    page.mouse.up()
    record_property("frames_per_second", frames)

    assert max(frames) >= FEWEST_FRAMES_PER_SECOND
    assert SHAPE[1:] == (1024, 996)


def _made_up_events(rng, n: int, shape: tuple[int, int, int]) -> list[dict]:
    """Strokes on planes of all three axes, with undo, redo and clear between."""
    made = []
    for i in range(n):
        event = {"id": f"event-{i:06d}", "do": "paint"}
        kind = rng.choice(["paint"] * 12 + ["undo"] * 4 + ["redo"] * 3 + ["clear"])
        if kind != "paint":
            made.append(event | {"do": str(kind)})
            continue
        axis = str(rng.choice(["z", "z", "z", "y", "x"]))
        height, width = (shape["zyx".index(other)] for other in "zyx" if other != axis)
        tool = str(rng.choice(["brush", "brush", "line", "fill"]))
        n_points = {"brush": int(rng.integers(1, 9)), "line": 2, "fill": 1}[tool]
        columns, rows = rng.integers(0, width, n_points), rng.integers(0, height, n_points)
        made.append(
            event
            | {"axis": axis, "at": int(rng.integers(shape["zyx".index(axis)]))}
            | {"value": int(rng.integers(4)), "tool": tool, "size": int(rng.integers(1, 25))}
            | {"points": [[int(x), int(y)] for x, y in zip(columns, rows, strict=True)]}
        )
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_browser_paints_the_same_pixels_as_python(browser, seed):
    shape = (6, 61, 83)
    events = _made_up_events(np.random.default_rng(seed), 300, shape)
    painting, done, pixels = Painting(shape), [], []
    for event in events:
        try:
            done.append(painting.play(event))
        except TeachError:
            done.append(False)
        pixels.append([int(n) for n in np.bincount(_volume(painting).ravel(), minlength=5)])
    page = browser.new_page()

    found = page.evaluate(
        """([source, shape, events]) => {
          const strokes = new (new Function(`${source}; return Strokes;`)())(shape);
          const planes = () => Array.from({ length: shape[0] }, (_, z) => strokes.plane("z", z));
          const done = [], pixels = [];
          for (const event of events) {
            done.push(Boolean(strokes.play(event)));
            const counts = [0, 0, 0, 0, 0];
            for (const plane of planes()) for (const value of plane) counts[value] += 1;
            pixels.push(counts);
          }
          return { done, pixels, volume: planes().map((plane) => [...plane]) };
        }""",
        [join_modules(STROKES), shape, events],
    )
    page.close()

    assert found["done"] == done
    assert found["pixels"] == pixels
    assert any(done)
    assert not all(done)
    assert (np.array(found["volume"], np.uint8).reshape(shape) == _volume(painting)).all()


def _volume(painting: Painting) -> np.ndarray:
    return np.stack([painting.slice_values(z) for z in range(painting.shape[0])])
