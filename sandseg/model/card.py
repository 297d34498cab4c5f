"""What a model's card must hold so that no page breaks on it; cards come from other hands, too."""

import json
import math
import re
from typing import Any

MOST_CLASSES = 255  # label 255 is "not labelled"
LONGEST = 200  # letters of a title, and of the name of a class
N_GREYS = 256
_COLOR = re.compile("#[0-9a-fA-F]{6}")
_DICTS = ("files", "architecture", "intensity", "data", "scores", "usual", "taught")


def parse_card(text: str) -> dict[str, Any]:
    """Read the text of a card.json.

    Raises:
        ValueError: It is none, or not as cards are; the message says where.
    """
    try:
        card = json.loads(text)  # scores of a class that is nowhere may be NaN
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _require(isinstance(card, dict), "it is no record")
    for name in _DICTS:
        _require(isinstance(card.get(name, {}), dict), f'"{name}" is no record')
    _require(_is_text(card["title"]), '"title" is no text, or too long')
    _check_classes(card["classes"])
    _check_intensity(card["intensity"])
    _require(type(card.get("n_parameters", 0)) is int, '"n_parameters" is no whole number')
    _require(isinstance(card.get("history", []), list), '"history" is no list')
    temperature = card.get("temperature", 1.0)
    _require(_is_number(temperature) and temperature > 0, '"temperature" is no number above 0')
    return card


def _check_classes(entries: Any) -> None:
    _require(isinstance(entries, list) and bool(entries), '"classes" is no list')
    _require(len(entries) <= MOST_CLASSES, f"{len(entries)} classes are more than {MOST_CLASSES}")
    for value, entry in enumerate(entries):
        _require(isinstance(entry, dict), "a class is no record")
        _require(entry["value"] == value, f"class {value} is numbered {entry['value']!r:.20}")
        _require(_is_text(entry["name"]), f"class {value} has no name, or too long a one")
        color = entry["color"]
        is_color = isinstance(color, str) and _COLOR.fullmatch(color)
        _require(bool(is_color), f"class {value} has no color")
        _require(isinstance(entry.get("description", ""), str), f"class {value} is not described")
        _require(type(entry.get("is_pore", False)) is bool, f"class {value} may be a pore or not")


def _check_intensity(intensity: dict[str, Any]) -> None:
    histogram = intensity["histogram"]
    is_one = isinstance(histogram, list) and len(histogram) == N_GREYS
    _require(is_one and all(map(_is_number, histogram)), '"histogram" is none')
    landmarks = intensity.get("landmarks") or {"air": 0.0, "solid": 1.0}
    _require(isinstance(landmarks, dict), '"landmarks" is no record')
    for name in ("air", "solid"):
        _require(_is_number(landmarks[name]), f'the landmark "{name}" is no number')


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
