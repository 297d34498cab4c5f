import numpy as np
import pytest

from sandseg.errors import TeachError
from sandseg.teach.painting.raster import closed_region, stroke_mask


def by_the_rule(points, size, shape):
    """Every pixel of a plane asked one by one: 4 · distance² to the stroke ≤ size²."""
    painted = np.zeros(shape, bool)
    pairs = list(zip(points[:-1], points[1:], strict=True)) or [(points[0], points[0])]
    for y, x in np.ndindex(*shape):
        for (ax, ay), (bx, by) in pairs:
            dx, dy, px, py = bx - ax, by - ay, x - ax, y - ay
            length, t = dx * dx + dy * dy, px * dx + py * dy
            if t <= 0:
                hit = 4 * (px * px + py * py) <= size * size
            elif t >= length:
                hit = 4 * ((x - bx) ** 2 + (y - by) ** 2) <= size * size
            else:
                hit = 4 * (dx * py - dy * px) ** 2 <= size * size * length
            painted[y, x] |= hit
    return painted


def on_plane(points, size, shape):
    top, left, mask = stroke_mask(np.array(points), size, shape)
    painted = np.zeros(shape, bool)
    painted[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return painted


@pytest.mark.parametrize("seed", range(60))
def test_a_stroke_paints_what_the_rule_says(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 50, 2).tolist())
    size = int(rng.choice([1, 2, 3, 4, 5, 8, 15, 40, 199]))
    n_points = int(rng.integers(1, 6))
    points = [[int(rng.integers(shape[1])), int(rng.integers(shape[0]))] for _ in range(n_points)]

    painted = on_plane(points, size, shape)

    assert (painted == by_the_rule(points, size, shape)).all()


@pytest.mark.parametrize("step", [(256, 1), (-1, 256), (255, -254), (256, 0), (0, -256), (3, 256)])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_long_thin_segment_has_no_gap_and_no_rounding(step, size):
    points = [[260, 260], [260 + step[0], 260 + step[1]]]
    painted = on_plane(points, size, (520, 520))

    far = np.argwhere(painted)
    window = tuple(slice(low, high + 1) for low, high in zip(far.min(0), far.max(0), strict=True))
    origin = far.min(0)[::-1]
    moved = [(x - origin[0], y - origin[1]) for x, y in points]
    expected = by_the_rule(moved, size, painted[window].shape)
    assert (painted[window] == expected).all()


def test_a_stroke_of_many_points_is_the_sum_of_its_segments():
    rng = np.random.default_rng(3)
    points = np.clip(100 + np.cumsum(rng.integers(-9, 10, (3000, 2)), axis=0), 0, 199)

    apart = np.zeros((200, 200), bool)
    for a, b in zip(points[:-1], points[1:], strict=True):
        apart |= on_plane([a, b], 4, (200, 200))

    assert (on_plane(points, 4, (200, 200)) == apart).all()


def test_a_closed_line_holds_what_is_inside():
    plane = np.zeros((200, 300), np.uint8)
    plane[20:150, 30:220] = 2
    plane[21:149, 31:219] = 0

    top, left, region = closed_region(plane, 100, 80)

    filled = np.zeros(plane.shape, bool)
    filled[top : top + region.shape[0], left : left + region.shape[1]] = region
    assert filled.sum() == 128 * 188
    assert filled[21:149, 31:219].all()


def test_pixels_that_touch_at_corners_enclose():
    rows, columns = np.indices((11, 11))
    plane = (abs(rows - 5) + abs(columns - 5) == 3).astype(np.uint8)

    _, _, region = closed_region(plane, 5, 5)

    assert region.sum() == 13


def test_a_line_with_a_gap_is_not_filled():
    plane = np.zeros((40, 40), np.uint8)
    plane[5:30, [5, 29]] = plane[[5, 29], 5:30] = 1
    plane[29, 12] = 0

    with pytest.raises(TeachError, match="not enclosed"):
        closed_region(plane, 15, 15)


def test_what_is_painted_is_filled_up_to_the_border():
    plane = np.ones((5, 400), np.uint8)
    plane[:, 350] = 3

    _, _, region = closed_region(plane, 2, 2)

    assert region.sum() == 5 * 350
