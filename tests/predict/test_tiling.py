import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandseg.config import TilingConfig
from sandseg.predict.tiling import axis_tiles, predict_bands, predict_tiled

N_CLASSES = 3
LENGTHS = st.integers(1, 400)
STRIDES = st.sampled_from([1, 2, 8, 16, 32, 64])
CONFIGS = st.builds(
    lambda tile_size, share: TilingConfig(tile_size, int(share * tile_size)),
    st.integers(32, 450),
    st.floats(0, 0.99),
)


def perfect_model(tiles):
    """Knows the label of a pixel from its grey value: label / 2."""
    labels = np.rint(tiles[..., 0] * 2).astype(int)
    return np.eye(N_CLASSES, dtype=np.float32)[labels]


@settings(max_examples=40)
@given(LENGTHS, LENGTHS, CONFIGS.filter(lambda c: c.overlap <= 0.8 * c.tile_size), STRIDES)
def test_tiles_blend_back_to_the_whole_slice(height, width, config, stride):
    labels = np.random.default_rng(height).integers(0, N_CLASSES, (height, width))

    found = predict_tiled(labels.astype(np.float32) / 2, perfect_model, config, stride)

    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.argmax(axis=-1), labels)
    np.testing.assert_allclose(found, np.eye(N_CLASSES)[labels], atol=1e-6)


@given(LENGTHS, CONFIGS, STRIDES)
def test_the_weights_of_all_tiles_sum_to_1_everywhere(length, config, stride):
    tiles = axis_tiles(length, config, stride)

    total = np.zeros(tiles.padded_length)
    for start, weights in zip(tiles.starts, tiles.weights(), strict=True):
        assert weights.min() > 0
        total[start : start + tiles.tile_length] += weights
    np.testing.assert_allclose(total, 1, atol=1e-5)


@given(LENGTHS, CONFIGS, STRIDES)
def test_tiles_are_no_larger_than_allowed_and_stand_on_the_networks_grid(length, config, stride):
    tiles = axis_tiles(length, config, stride)

    assert tiles.tile_length <= max(config.tile_size, stride)
    assert tiles.tile_length % stride == tiles.padded_length % stride == 0
    assert all(start % stride == 0 for start in tiles.starts)
    assert tiles.starts[0] == 0
    assert 0 <= tiles.padded_length - length < stride
    assert tiles.padded_length == tiles.starts[-1] + tiles.tile_length


@given(LENGTHS, CONFIGS, STRIDES)
def test_neighbouring_tiles_share_at_least_the_overlap(length, config, stride):
    tiles = axis_tiles(length, config, stride)

    largest = max(config.tile_size // stride, 1) * stride
    for first, second in zip(tiles.starts, tiles.starts[1:], strict=False):
        assert first < second
        assert first + tiles.tile_length - second >= min(config.overlap, largest - stride)


@given(LENGTHS, LENGTHS, STRIDES)
def test_a_slice_smaller_than_a_tile_is_predicted_in_one_piece(height, width, stride):
    seen = []

    def model(tiles):
        seen.append(tiles.shape)
        return perfect_model(tiles)

    found = predict_tiled(np.zeros((height, width), np.float32), model, TilingConfig(448), stride)

    rounded = tuple(-(-length // stride) * stride for length in (height, width))
    assert seen == [(1, *rounded, 1)]
    assert found.shape == (height, width, N_CLASSES)


def test_the_model_sees_float32_tiles_of_the_slice_itself(rng):
    image = rng.random((100, 130), np.float32)
    seen = []

    def model(tiles):
        seen.append(tiles)
        return perfect_model(tiles)

    predict_tiled(image, model, TilingConfig(64, 16), stride=8)

    rows, columns = (axis_tiles(length, TilingConfig(64, 16), 8) for length in image.shape)
    padded = np.pad(image, ((0, 4), (0, 6)), mode="symmetric")
    assert len(seen) == len(rows.starts) * len(columns.starts)
    for tile, (y, x) in zip(
        seen, [(y, x) for y in rows.starts for x in columns.starts], strict=True
    ):
        assert tile.dtype == np.float32
        expected = padded[y : y + rows.tile_length, x : x + columns.tile_length]
        np.testing.assert_array_equal(tile[0, ..., 0], expected)


def test_seams_blend_from_one_tile_to_the_next():
    """Of two tiles that contradict each other, each counts most near its own middle."""
    answers = iter([np.array([1, 0], np.float32), np.array([0, 1], np.float32)])

    def model(tiles):
        return np.broadcast_to(next(answers), (*tiles.shape[:3], 2))

    found = predict_tiled(np.zeros((32, 48), np.float32), model, TilingConfig(32, 16))

    np.testing.assert_allclose(found[0, :16, 0], 1)
    np.testing.assert_allclose(found[0, 16:32, 0], 1 - (np.arange(16) + 0.5) / 16, atol=1e-6)
    np.testing.assert_allclose(found[0, 32:, 0], 0)


@pytest.mark.parametrize(
    ("length", "starts", "tile_length"),
    [(1024, (0,), 1024), (1025, (0, 448), 608), (2560, (0, 800, 1600), 960)],
)
def test_the_fewest_tiles_of_equal_length_are_cut(length, starts, tile_length):
    tiles = axis_tiles(length, TilingConfig(1024, 128), stride=32)

    assert (tiles.starts, tiles.tile_length) == (starts, tile_length)


@given(LENGTHS, LENGTHS, CONFIGS, STRIDES)
def test_bands_are_the_slice_from_top_to_bottom_a_row_of_tiles_at_a_time(
    height, width, config, stride
):
    image = np.arange(height * width, dtype=np.float32).reshape(height, width)

    def predict(tiles):
        return np.concatenate([tiles, 2 * tiles], axis=-1)

    bands = [*predict_bands(image, predict, config, stride)]

    assert len(bands) == len(axis_tiles(height, config, stride).starts)
    np.testing.assert_array_equal(
        np.concatenate(bands), predict_tiled(image, predict, config, stride)
    )
    np.testing.assert_allclose(np.concatenate(bands)[..., 0], image, rtol=1e-5, atol=1e-3)
