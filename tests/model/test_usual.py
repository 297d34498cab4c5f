import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.config import UNetConfig
from sandseg.model.store import StoredModel
from sandseg.model.usual import Usual, usual_for


def model_with(**card):
    histogram = np.full(256, 1 / 256)
    return StoredModel("made-up", None, "", SANDSTONE, UNetConfig(), histogram, card)


def test_the_usual_is_read_from_the_card():
    scores = {"validation": {"inside the rock": {"accuracy": 0.98}}}
    told = {"texture": [6, 7, 8, 9], "drift": 0.09, "bowl": 6.3e-7, "voxel_size_um": 2.2}

    assert usual_for(model_with(usual=told, scores=scores)) == Usual(
        (6, 7, 8, 9), pytest.approx(0.02), 0.09, 6.3e-7, 2.2
    )


def test_nothing_is_usual_where_the_card_is_silent():
    assert usual_for(model_with(data={"slices": {"train": ["a"]}})) == Usual()
