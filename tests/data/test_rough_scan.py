import numpy as np
import pytest
from scipy import ndimage

from sandseg.data.rough_scan import (
    DENSE,
    GRAIN,
    GRAIN_GREY,
    MICRO,
    PORE,
    PORE_GREY,
    field,
    scan_roughly,
    scan_thoroughly,
)

SIZE = 96


@pytest.fixture
def labels():
    """Four bands, as wide as no filter."""
    return np.repeat(np.array([PORE, MICRO, GRAIN, DENSE], np.uint8), SIZE // 4)[:, None].repeat(
        SIZE, axis=1
    )


@pytest.mark.parametrize("scan", [scan_roughly, scan_thoroughly])
def test_phases_keep_their_order_and_air_and_grains_their_grey(labels, scan):
    seen = []
    for seed in range(8):
        grey = scan(labels, np.random.default_rng(seed))
        assert grey.dtype == np.float32
        assert grey.min() >= 0
        assert grey.max() <= 1
        seen.append(
            [np.median(grey[ndimage.binary_erosion(labels == v, iterations=4)]) for v in range(4)]
        )

    middle = np.median(seen, axis=0)
    assert (np.diff(middle) > 0.05).all()
    assert middle[PORE] == pytest.approx(PORE_GREY, abs=0.05)
    assert middle[GRAIN] == pytest.approx(GRAIN_GREY, abs=0.05)


def test_the_same_seed_is_the_same_scan(labels):
    first, again, other = (scan_roughly(labels, np.random.default_rng(n)) for n in (3, 3, 4))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("length", [2, 8, 30])
def test_a_field_changes_over_its_length(length):
    values = field(256, length, np.random.default_rng(0))

    near = np.corrcoef(values[:, :-1].ravel(), values[:, 1:].ravel())[0, 1]
    far = np.corrcoef(values[:, : -4 * length].ravel(), values[:, 4 * length :].ravel())[0, 1]
    assert values.std() == pytest.approx(1, abs=0.01)
    assert near > 0.5 > abs(far)
