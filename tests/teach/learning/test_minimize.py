"""The search for the least of a loss."""

import numpy as np
import pytest
from scipy import optimize

from sandseg.teach.learning.minimize import minimize


@pytest.mark.parametrize("n", [1, 5, 60])
def test_it_finds_the_least_of_a_bowl(n):
    rng = np.random.default_rng(n)
    turned = rng.normal(size=(n, n))
    bowl, middle = turned @ turned.T + np.eye(n), rng.normal(size=n)

    def loss(place):
        away = place - middle
        return away @ bowl @ away / 2, bowl @ away

    np.testing.assert_allclose(minimize(loss, np.zeros(n), 300), middle, atol=0.02)


def test_it_ends_where_scipy_ends():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 12)), rng.random(200) < 0.4

    def loss(weights):
        scores = x @ weights
        value = np.logaddexp(0, scores).mean() - scores[y].sum() / len(y) + 0.01 * weights @ weights
        slope = x.T @ (1 / (1 + np.exp(-scores)) - y) / len(y) + 0.02 * weights
        return value, slope

    mine = loss(minimize(loss, np.zeros(12), 200))[0]
    best = optimize.minimize(loss, np.zeros(12), jac=True).fun

    assert mine == pytest.approx(best, rel=1e-4)


def test_it_ends_at_once_where_there_is_no_way_down():
    place = np.array([3.0, 4.0])

    found = minimize(lambda _: (1.0, np.zeros(2)), place, 50)

    np.testing.assert_array_equal(found, place)
