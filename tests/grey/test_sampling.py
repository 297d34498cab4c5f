import numpy as np
import tifffile

from sandseg.grey.mapping import choose_mapping
from sandseg.grey.sampling import sample_slices
from sandseg.model.store import load_model
from sandseg.scan.stack import Stack


def test_the_one_slice_that_shows_something_is_found(cases_dir):
    image = tifffile.imread(cases_dir / "outside_fill/one_good_of_60.tif")

    found = sample_slices(Stack.from_array(image))

    assert list(found) == np.flatnonzero(image.any(axis=(1, 2))).tolist()


def test_floats_beyond_0_to_1_keep_their_ends_whatever_lies_outside(cases_dir):
    for name in ("plain", "nan_outside", "white_outside"):
        image = tifffile.imread(cases_dir / f"float_recon/{name}.tif")

        mapping = choose_mapping(Stack.from_array(image), load_model().histogram)

        assert mapping.low < -0.2
        assert 1.3 < mapping.high < 1.4
