"""What is shown of a network beside the strokes it was trained on."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sandseg.score.paired import compare

VALUES = np.array([1, 1, 1, 1, 2, 2, 3, 3])


def shown(facts):
    """Draw it for a model whose card says this."""

    def page(facts):
        from types import SimpleNamespace

        from pages.training.against_taught import show_against_taught

        show_against_taught(SimpleNamespace(card={"against_taught": facts} if facts else {}))

    return AppTest.from_function(page, args=(facts,), default_timeout=60).run()


def test_both_are_told_with_intervals_and_which_is_better():
    found = compare(np.full(8, 0.9), np.full(8, 0.6), VALUES)

    page = shown(found.facts | {"meaning": found.meaning})

    table = page.markdown[0].value
    assert "| this network | 0.90 |" in table
    assert "| the taught classifier | 0.60 |" in table
    assert f"{found.network.low:.2f} to {found.network.high:.2f}" in table
    assert page.caption[0].value == found.verdict


def test_what_was_not_compared_says_why():
    page = shown({"missing": "It was not compared: [the file](https://evil.example) is gone."})

    assert "It was not compared" in page.caption[0].value
    assert "](" not in page.caption[0].value.replace(r"\]", "")


@pytest.mark.parametrize("facts", [None, 7, {"network": "x"}, {"missing": 3}])
def test_a_card_that_tells_nothing_of_it_shows_nothing(facts):
    page = shown(facts)

    assert not page.exception
    assert not page.markdown
    assert not page.caption
