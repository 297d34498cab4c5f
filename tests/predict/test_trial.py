import numpy as np
import pytest

from sandseg.model.store import load_model
from sandseg.predict.trial import try_model
from sandseg.scan.stack import Stack


def test_a_trial_shows_the_slice_beside_its_labels(grey_model_folder, grey_noise, nearest_grey):
    image = grey_noise(2, 40, 30)

    tried = try_model(load_model("grey", grey_model_folder), Stack.from_array(image), 1)

    assert tried.picture.shape == (40, 60, 3)
    np.testing.assert_array_equal(tried.picture[:, :30], np.repeat(image[1][..., None], 3, -1))
    shares = np.bincount(nearest_grey(image[1] / 255).ravel(), minlength=4) / 1200
    assert tried.found.picture_fractions == pytest.approx(shares)
    assert 0.9 < tried.confidence <= 1
