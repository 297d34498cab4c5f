import copy
import json

import pytest

from sandseg.model.card import parse_card
from sandseg.settings import PROJECT

CARDS = sorted((PROJECT / "models").glob("sandstone-*/card.json"))
CLASSES = [
    {"value": 0, "name": "pore", "color": "#000000", "is_pore": True},
    {"value": 1, "name": "grain", "color": "#E69F00"},
]
CARD = {
    "title": "Mine",
    "classes": CLASSES,
    "files": {},
    "architecture": {},
    "intensity": {"histogram": [1 / 256] * 256},
}
MANY = [{"value": i, "name": f"c{i}", "color": "#000000"} for i in range(300)]
DAMAGES = {
    "cut off": lambda text: text[: len(text) // 2],
    "no record": lambda _: "[1, 2]",
    "deep": lambda _: "[" * 100_000,
    "NaN": lambda text: text.replace('"Mine"', "NaN"),
}
CHANGES = {
    "300 classes": {"classes": MANY},
    "no classes": {"classes": []},
    "classes out of order": {"classes": CLASSES[::-1]},
    "a name that is a number": {"classes": [CLASSES[0] | {"name": 7}, CLASSES[1]]},
    "a name of megabytes": {"classes": [CLASSES[0] | {"name": "x" * 10**6}, CLASSES[1]]},
    "a color that is markup": {"classes": [CLASSES[0] | {"color": "red}</style>"}, CLASSES[1]]},
    "no title": {"title": None},
    "a histogram of texts": {"intensity": {"histogram": ["1"] * 256}},
    "a short histogram": {"intensity": {"histogram": [1.0]}},
    "landmarks of texts": {
        "intensity": CARD["intensity"] | {"landmarks": {"air": "dark", "solid": 1}}
    },
    "scores that are a list": {"scores": [1]},
    "weights without number": {"n_parameters": "many"},
    "a temperature of 0": {"temperature": 0},
}


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_the_shipped_cards_are_sound(path):
    text = path.read_text(encoding="utf-8")

    assert parse_card(text) == json.loads(text)


def test_a_card_with_what_is_needed_alone_is_sound():
    assert parse_card(json.dumps(CARD)) == CARD


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_text_is_no_card(damage):
    with pytest.raises(ValueError, match="."):
        parse_card(DAMAGES[damage](json.dumps(CARD)))


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_page_would_break_on_is_refused(change):
    card = copy.deepcopy(CARD) | CHANGES[change]

    with pytest.raises(ValueError, match="."):
        parse_card(json.dumps(card))
