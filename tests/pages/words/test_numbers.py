import pytest

from pages.words.numbers import score


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9438, "0.944"),
        (0.9949, "0.995"),
        (0.995, "0.995"),
        (0.99996, "0.999"),
        (1.0, "1.000"),
        (0.0, "0.000"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_only_what_has_no_error_is_called_perfect(value, text):
    assert score(value) == text
