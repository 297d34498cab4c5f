import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandseg.classes import SANDSTONE
from sandseg.score.summary import finding


def matrix_of(**cells):
    """Return a (4, 4) matrix from cells such as clay_quartz=3: true clay called quartz."""
    names = [material.name for material in SANDSTONE]
    matrix = np.zeros((4, 4), np.int64)
    for cell, count in cells.items():
        true, predicted = cell.split("_")
        matrix[names.index(true), names.index(predicted)] = count
    return matrix


@given(hnp.arrays(np.int64, (4, 4), elements=st.integers(0, 10**7) | st.just(0)))
def test_every_matrix_gives_one_finished_sentence(matrix):
    sentence = finding(matrix, SANDSTONE)

    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert sentence.count(".") == 1
    assert "nan" not in sentence


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (
            {"clay_clay": 500, "clay_quartz": 100, "quartz_quartz": 9000, "air_air": 900},
            "Clay is the hard class: 1 in 6 clay pixels is taken for quartz.",
        ),
        (
            {"clay_clay": 90, "quartz_clay": 210, "quartz_quartz": 9000, "clay_air": 2},
            "Clay is the hard class: 2 in 3 pixels called clay are really quartz.",
        ),
        (
            {"clay_quartz": 40, "quartz_quartz": 9000},
            "Clay is the hard class: every clay pixel is taken for quartz.",
        ),
        (
            {"pyrite_pyrite": 2, "pyrite_quartz": 98, "quartz_quartz": 9000},
            "Pyrite is the hard class: nearly all pyrite pixels are taken for quartz.",
        ),
        (
            {"clay_clay": 99_000, "clay_quartz": 80, "quartz_quartz": 900_000},
            "Even clay, the hardest class, is nearly right: "
            "1 in 1,200 clay pixels is taken for quartz.",
        ),
        (
            {"quartz_quartz": 900, "quartz_clay": 30, "air_quartz": 70},
            "Air is the hard class: every air pixel is taken for quartz.",
        ),
        (
            {"quartz_quartz": 9000, "quartz_clay": 1200},
            "There is no clay here, yet 1,200 pixels, mostly quartz, are called clay.",
        ),
        (
            {"quartz_quartz": 9000, "quartz_clay": 1},
            "There is no clay here, yet 1 pixel of quartz is called clay.",
        ),
        ({"quartz_quartz": 9000}, "Prediction and labels agree on all 9,000 labelled pixels."),
        ({"quartz_quartz": 1}, "Prediction and labels agree on the one labelled pixel."),
        ({}, "There is nothing to compare: no pixel has a true label."),
    ],
)
def test_the_sentence_is_what_the_matrix_says(cells, sentence):
    assert finding(matrix_of(**cells), SANDSTONE) == sentence
