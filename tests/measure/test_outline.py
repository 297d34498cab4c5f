import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.draw import polygon2mask

from sandseg.measure.outline import MOST_POINTS, fitting_shape, outline_of
from sandseg.measure.sample_shape import SampleShape

SHAPE = (180, 240)
MASKS = {
    "circle": SampleShape.parse("circle:120,90,61.5").mask(SHAPE),
    "circle cut off by the edge": SampleShape.parse("circle:30,90,80").mask(SHAPE),
    "box": SampleShape.parse("box:31,20,200,111").mask(SHAPE),
    "polygon": polygon2mask(SHAPE, [(20, 30), (60, 200), (150, 180), (170, 60)]),
    "two pieces": SampleShape.parse("box:10,10,60,60").mask(SHAPE)
    | SampleShape.parse("circle:180,120,40").mask(SHAPE),
    "with a hole": SampleShape.parse("circle:120,90,80").mask(SHAPE)
    & ~SampleShape.parse("box:100,70,140,110").mask(SHAPE),
}


def drawn(polygons):
    """Points a tenth of a pixel apart along closed polygons."""
    found = []
    for points in polygons:
        for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
            steps = np.linspace(0, 1, 10 * int(np.hypot(*(end - start))) + 2)[:, None]
            found.append(start + steps * (end - start))
    return np.concatenate(found)


def border(mask):
    """Points along the edges of pixels between what is marked and what is not."""
    framed = np.pad(mask, 1)
    y, x = np.nonzero(framed[1:] != framed[:-1])
    level = [(x - 1 + part, y) for part in np.linspace(0, 1, 11)]
    y, x = np.nonzero(framed[:, 1:] != framed[:, :-1])
    upright = [(x, y - 1 + part) for part in np.linspace(0, 1, 11)]
    return np.concatenate([np.column_stack(pair) for pair in level + upright])


def farthest(points, others):
    """How far the points lie from the nearest others at most."""
    return cKDTree(others).query(points)[0].max()


@pytest.mark.parametrize("name", MASKS)
def test_an_outline_lies_within_a_pixel_of_the_border_all_the_way(name):
    line, edge = drawn(outline_of(MASKS[name])), border(MASKS[name])

    assert farthest(line, edge) < 1
    assert farthest(edge, line) < 2  # a tip of one pixel is cut off


@pytest.mark.parametrize("is_marked", [True, False])
def test_nothing_is_drawn_where_all_or_nothing_is_sample(is_marked):
    assert outline_of(np.full(SHAPE, is_marked)) == ()


def test_a_ragged_sample_has_a_few_hundred_points(rng):
    rough = ndimage.gaussian_filter(rng.standard_normal((150, 150)), 1) > 0

    found = outline_of(rough)

    assert 0 < sum(map(len, found)) <= MOST_POINTS


@pytest.mark.parametrize("text", ["circle:120,90,61", "circle:40,90,80", "circle:120,90,3"])
def test_the_circle_that_fits_a_round_sample_is_that_circle(text):
    found = fitting_shape("circle", SampleShape.parse(text).mask(SHAPE))

    assert np.abs(np.subtract(found.numbers, SampleShape.parse(text).numbers)).max() <= 1


def test_the_box_that_fits_a_sample_encloses_it_exactly():
    mask = SampleShape.parse("box:31,20,200,111").mask(SHAPE)

    found = fitting_shape("box", mask)

    assert str(found) == "box:31,20,200,111"
    np.testing.assert_array_equal(found.mask(SHAPE), mask)


@pytest.mark.parametrize(
    ("kind", "expected"), [("circle", "circle:120,90,90"), ("box", "box:0,0,240,180")]
)
@pytest.mark.parametrize("is_marked", [True, False])
def test_without_an_edge_of_a_sample_the_whole_slice_is_fitted(kind, expected, is_marked):
    assert str(fitting_shape(kind, np.full(SHAPE, is_marked))) == expected


@pytest.mark.parametrize("kind", ["auto", "all"])
def test_what_is_no_shape_needs_no_fit(kind):
    assert str(fitting_shape(kind, MASKS["circle"])) == kind
