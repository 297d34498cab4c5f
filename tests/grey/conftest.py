"""Grey values that a model would have learned from."""

import numpy as np
import pytest

from sandseg.grey.histograms import N_BINS


@pytest.fixture(scope="session")
def histogram_of():
    """Gives the histogram, over [0, 1], of uint8 images."""

    def histogram(images):
        counts = sum(np.histogram(image / 255, N_BINS, range=(0, 1))[0] for image in images)
        return counts / counts.sum()

    return histogram


@pytest.fixture(scope="session")
def training(small_phantom):
    return small_phantom.image


@pytest.fixture(scope="session")
def reference(training, histogram_of):
    return histogram_of(training)
