import numpy as np
import pytest

from sandseg.errors import ModelError

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["plain", "upsample"])
def test_a_network_of_keras_2_answers_as_it_did_there(cases_dir, name):
    from sandseg.model.legacy_keras import load_legacy

    image = np.random.default_rng(0).random((1, 128, 128, 1), np.float32)

    answer = load_legacy(cases_dir / "keras2_unet" / f"{name}.hdf5").predict_on_batch([image])

    expected = np.load(cases_dir / "keras2_unet" / f"{name}_answer.npy")
    np.testing.assert_allclose(answer, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("weights_only", "weights alone", "network.load_weights"),
        ("lambda", "Lambda layer", "keras.layers.Rescaling"),
    ],
)
def test_what_cannot_be_loaded_is_named_with_the_way_out(cases_dir, name, message, hint):
    from sandseg.model.legacy_keras import load_legacy

    with pytest.raises(ModelError, match=message) as caught:
        load_legacy(cases_dir / "keras2_unet" / f"{name}.hdf5")
    assert hint in caught.value.hint
