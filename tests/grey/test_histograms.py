import numpy as np

from sandseg.grey.histograms import N_BINS, histogram_distances, shares_of


def test_the_shares_of_mapped_values_are_those_of_the_whole(training, reference):
    shares = shares_of(training.ravel(), (0.0, 255.0))

    assert shares.shape == (N_BINS,)
    np.testing.assert_allclose(shares, reference, atol=0.002)


def test_a_picture_that_is_clipped_away_is_far_from_everything(reference):
    clipped = np.zeros((2, N_BINS))
    clipped[0, 0] = clipped[1, -1] = 1

    assert histogram_distances(clipped, reference).tolist() == [1, 1]
