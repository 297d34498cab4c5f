import numpy as np
import pytest

from sandseg.errors import ConfigError
from sandseg.measure.sample_shape import SampleShape


@pytest.mark.parametrize("text", ["auto", "all", "circle:50,40,30.5", "box:3,4,50,60"])
def test_what_is_written_is_read_again(text):
    assert str(SampleShape.parse(text)) == text
    assert str(SampleShape.parse(f" {text.upper()} ")) == text


def test_a_circle_holds_the_pixels_whose_centers_lie_in_it():
    mask = SampleShape.parse("circle:5,3,2").mask((8, 10))

    y, x = np.mgrid[:8, :10]
    np.testing.assert_array_equal(mask, (x + 0.5 - 5) ** 2 + (y + 0.5 - 3) ** 2 <= 4)
    assert mask.sum() == 12  # of area 4 pi


def test_a_box_is_given_by_its_edges_x_before_y():
    mask = SampleShape.parse("box:2,1,7,4").mask((8, 10))

    expected = np.zeros((8, 10), bool)
    expected[1:4, 2:7] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_shape_may_reach_out_of_the_picture_but_not_lie_outside():
    assert SampleShape.parse("circle:0,0,5").mask((20, 20)).sum() == pytest.approx(20, abs=4)
    with pytest.raises(ConfigError, match="20 × 30 px"):
        SampleShape.parse("circle:500,500,5").mask((30, 20))


@pytest.mark.parametrize(
    "text",
    ["", "ring:1,2,3", "circle:1,2", "circle:1,2,3,4", "circle:a,b,c", "box:1,2,3", "all:1"]
    + ["circle:1,2,nan", "circle:1,2,inf"],
)
def test_what_says_no_shape_is_refused_with_the_forms(text):
    with pytest.raises(ConfigError, match="does not say where") as refusal:
        SampleShape.parse(text)
    assert "circle:X,Y,RADIUS" in refusal.value.hint


@pytest.mark.parametrize("text", ["circle:5,5,0", "circle:5,5,-1", "box:5,5,5,9", "box:9,1,2,5"])
def test_what_encloses_nothing_is_refused(text):
    with pytest.raises(ConfigError, match="encloses no pixel"):
        SampleShape.parse(text)
