"""Other people's words are text wherever they are shown: no link, picture, formula or format."""

import json
import re
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile
from playwright.sync_api import expect

from sandseg.classes import SANDSTONE
from sandseg.config import preset
from sandseg.export.pictures import encode_palette_png, encode_png
from sandseg.model.store import write_card
from sandseg.runs.folder import METRICS, SAMPLES, STATUS
from sandseg.runs.settings import DataSource, RunSettings, write_settings
from tests.conftest import make_grey_model

SLOW_MS = 90_000
FORMATS = (
    "**EVIL** ~~EVIL~~ `EVIL` [EVIL](//evil.example) ![EVIL](//evil.example/a.png) $EVIL^2$ "
    ":material/skull: :red[EVIL] :smile: &lt;EVIL&gt; a@evil.example"
)
PAGES = (
    "# EVIL <b>EVIL</b> <img src=//evil.example/b.png onerror=evil()> www.evil.example "
    "https://evil.example \u202elive\u202c \u200bZW $$EVIL$$"
)
MARKUP = f"{FORMATS} {PAGES}"
NAME = re.sub("[/\u202e\u202c\u200b]", "", MARKUP)[:200]  # of a file, which holds no slash
CLASSES = ("**EVIL** www.evil.example", ":red[EVIL] a@evil.example", "$EVIL$", "<b>EVIL</b>")
LOOK = """() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      const text = element.textContent.trim();
      const name = element.tagName.toLowerCase();
      const place = element.getAttribute("href") ?? element.getAttribute("src") ?? "";
      if (/evil/.test(place)) found.push(`${name} leads to ${place}`);
      if (element.hasAttribute("onerror")) found.push(`${name} has code`);
      if (element.matches(".katex, math")) found.push(`formula ${text}`);
      if (element.matches("[data-testid=stIconMaterial]") && text === "skull") found.push(text);
      const isFormat = /^(strong|em|del|b|i|h[1-6]|sup|sub)$/.test(name)
        || (name === "code" && !element.closest("pre"))
        || (name === "span" && (element.style.color || /Colored/.test(element.className)));
      if (isFormat && /^EVIL/.test(text)) found.push(`${name}: ${text}`);
    }
  };
  walk(document);
  const text = document.body.innerText;
  if (/[\\u202a-\\u202e\\u2066-\\u2069]/.test(text)) found.push("text that turns");
  if (text.includes("\\u{1F604}")) found.push("a picture of a word");
  return [...found, ...(window.evil ?? [])];
}"""
READ = """() => [document.body.innerText,
  ...[...document.querySelectorAll("input")].map((input) => input.value)].join()"""
PLACES = ("browse", "segment", "evaluate", "compare", "teach")
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def evil_places(tmp_path, monkeypatch):
    """A model, its classes and a training that are called by markup."""
    models, runs = tmp_path / "models", tmp_path / "runs"
    make_grey_model(models / "www.evil.example")
    card = json.loads((models / "www.evil.example" / "card.json").read_text())
    classes = [
        {**entry, "name": name} for entry, name in zip(card["classes"], CLASSES, strict=True)
    ]
    scores = {"iou": dict.fromkeys(CLASSES, 0.9), "mean_iou": 0.9, "mean_iou_interval": [0.8, 0.95]}
    told = {"title": FORMATS, "classes": classes}
    told["scores"] = {"test": {"slices": [MARKUP], "inside the rock": scores}}
    told["data"] = {"slices": {"train": [MARKUP], "test": [MARKUP]}}
    write_card(models / "www.evil.example", card | told, ("model.xml", "model.bin"))
    make_grey_model(models / "x-grey")  # of the classes that pages compare
    told = {"title": PAGES, "scores": {}}  # its classes are those that methods are compared on
    write_card(models / "x-grey", card | told, ("model.xml", "model.bin"))
    _write_run(runs / "run-1")
    for name, folder in (("MODELS", models), ("RUNS", runs), ("WORK", tmp_path / "work")):
        monkeypatch.setenv(f"SANDSEG_{name}", str(folder))
    monkeypatch.delenv("SANDSEG_TRAINING", raising=False)
    return tmp_path


def _write_run(folder):
    (folder / SAMPLES).mkdir(parents=True)
    materials = [{**vars(m), "name": name} for m, name in zip(SANDSTONE, CLASSES, strict=True)]
    materials = tuple(type(SANDSTONE[0])(**entry) for entry in materials)
    write_settings(
        folder, RunSettings(DataSource("phantom"), preset("tiny"), PAGES, classes=materials)
    )
    status = {"state": "failed", "epoch": 1, "message": MARKUP, "hint": MARKUP}
    status |= {"device": MARKUP, "warnings": [MARKUP]}
    (folder / STATUS).write_text(json.dumps(status))
    record = {"epoch": 1, "loss": 1.0, "iou": [0.5, 0.5, 0.5, 0.5], "mean_iou": 0.5, "seconds": 1.0}
    (folder / METRICS).write_text(json.dumps(record) + "\n")
    labels = np.zeros((64, 64), np.uint8)
    (folder / SAMPLES / "image.png").write_bytes(encode_png(labels))
    for name in ("truth", "epoch_001"):
        (folder / SAMPLES / f"{name}.png").write_bytes(encode_palette_png(labels))


def scan_file(tmp_path, rng):
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, rng.integers(0, 255, (3, 96, 96), np.uint8), photometric="minisblack")
    return path


@pytest.mark.timeout(1200)
def test_what_others_write_is_shown_as_it_is_on_every_page(
    page, serve, evil_places, wait_until_idle, rng
):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    content = scan_file(evil_places, rng).read_bytes()

    def send(which, name, data):
        file = {"name": name, "mimeType": "image/tiff", "buffer": data}
        page.locator('input[type="file"]').nth(which).set_input_files(file)

    def look(what):
        wait_until_idle(page, 120)
        assert page.evaluate(LOOK) == [], what
        assert page.evaluate(WIDE) <= 0, f"{what} is wider than the window"

    with serve() as app:
        page.goto(f"{app.url}/segment?model=www.evil.example")
        wait_until_idle(page, 120)
        send(0, f"{NAME}.tif", b"no image")
        expect(page.get_by_role("alert").filter(has_text="EVIL").first).to_be_visible(
            timeout=SLOW_MS
        )
        look("a refusal")
        send(0, f"{NAME}.tif", content)
        expect(page.get_by_text("3 slices of 96 × 96").first).to_be_visible(timeout=SLOW_MS)
        send(1, f"{NAME} labels.tif", content)
        expect(page.get_by_text("EVIL").first).to_be_visible(timeout=SLOW_MS)
        look("Segment with labels that cannot be")
        place = urlsplit(page.url).query
        assert "sample=" in place

        page.locator('[class*="st-key-card"] button').first.click()
        look("the card of a model")
        page.keyboard.press("Escape")
        labelled = "sample=phantom&model=www.evil.example"
        methods = "sample=phantom&methods=multi-otsu&methods=x-grey"
        for address in (
            *(f"{name}?{place}" for name in ("browse", "segment", "evaluate", "compare", "teach")),
            *(
                f"{name}?{labelled}"
                for name in ("browse", "segment", "evaluate", "evaluate", "teach")
            ),
            f"compare?{methods}",
        ):
            page.goto(f"{app.url}/{address}")
            expect(page.get_by_role("heading").first).to_be_visible(timeout=SLOW_MS)
            look(address)
            assert "EVIL" in page.evaluate(READ), address
        for query in ("run=run-1", ""):
            page.goto(f"{app.url}/train?{query}")
            expect(page.get_by_role("heading", name="Train")).to_be_visible(timeout=SLOW_MS)
            look(f"train?{query}")
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{app.url}/segment?{place}")
        look("a phone")
        page.goto(app.url)
        look("home")

    elsewhere = {url for url in asked if not url.startswith((app.url, "data:", "blob:"))}
    assert not elsewhere
