import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sandseg.config import TilingConfig
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.errors import ModelError
from sandseg.model.engine import load_engine, n_cores
from sandseg.model.store import DEFAULT_MODEL, list_models, load_model
from sandseg.predict.tiling import predict_tiled

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = "sandstone-tiny"
UNTILED, TILED = TilingConfig(2048, 0), TilingConfig(384, 128)
SIZES = [(33, 47), (128, 128), (400, 64), (257, 511), (700, 500)]


def made_up_slice(height, width, seed=3):
    """A slice no model was trained on, (Y, X) float32 in [0, 1]."""
    rock = make_phantom(PhantomConfig(shape=(1, max(height, 64), max(width, 64)), seed=seed))
    return rock.image[0, :height, :width].astype(np.float32) / 255


def shipped_model(name):
    models = {model.name: model for model in list_models(ROOT / "models")}
    if name not in models:
        pytest.skip(f"models/{name} is not there.")
    return models[name], load_engine(models[name])


def labels_of(image, engine, model, tiling=UNTILED):
    return predict_tiled(image, engine, tiling, model.unet.stride).argmax(axis=-1)


@pytest.fixture(scope="module")
def tiny():
    """The smallest network that is shipped."""
    return shipped_model(SMALLEST)


@pytest.fixture(scope="module")
def learned(tiny_model_folder):
    """A network that the command line has just trained."""
    model = load_model("tiny", tiny_model_folder)
    return model, load_engine(model)


@pytest.mark.parametrize("shape", [(1, 16, 16, 1), (3, 32, 48, 1)])
def test_probabilities_of_a_pixel_sum_to_one(rng, tiny, shape):
    probabilities = tiny[1](rng.random(shape).astype(np.float32))

    assert (probabilities.shape, probabilities.dtype) == ((*shape[:3], 4), np.float32)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=0.01)


def test_what_an_engine_returned_stays_when_it_is_called_again(rng, tiny):
    tiles = rng.random((2, 1, 32, 32, 1)).astype(np.float32)

    first = tiny[1](tiles[0])
    kept = first.copy()
    tiny[1](tiles[1])

    np.testing.assert_array_equal(first, kept)


@pytest.mark.slow
def test_more_shapes_than_are_kept_give_the_same_answers(rng, tiny):
    tiles = {n: rng.random((1, 16 * n, 16, 1)).astype(np.float32) for n in range(1, 7)}
    first = {n: tiny[1](tile) for n, tile in tiles.items()}

    for n, tile in tiles.items():
        np.testing.assert_array_equal(tiny[1](tile), first[n])


def test_a_loaded_network_needs_its_files_no_more(rng, grey_model_folder, tmp_path):
    shutil.copytree(grey_model_folder / "grey", tmp_path / "grey")
    engine = load_engine(load_model("grey", tmp_path))
    maps = Path("/proc/self/maps")  # a file that is mapped and cut off ends the process
    assert not maps.exists() or str(tmp_path) not in maps.read_text()
    (tmp_path / "grey" / "model.bin").write_bytes(b"")

    tiles = rng.random((1, 48, 16, 1)).astype(np.float32)

    expected = load_engine(load_model("grey", grey_model_folder))(tiles)
    np.testing.assert_array_equal(engine(tiles), expected)


def test_threads_share_an_engine_and_get_their_own_answers(rng, tiny):
    tiles = [rng.random((1, 16 * (1 + i % 3), 32, 1)).astype(np.float32) for i in range(6)]
    alone = [tiny[1](tile) for tile in tiles]
    shared = [None] * len(tiles)

    def call(index):
        for _ in range(3):
            shared[index] = tiny[1](tiles[index])

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(tiles))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SIZES)
def test_tiles_give_the_labels_of_the_whole_slice(tiny, shape):
    model, engine = tiny
    image = made_up_slice(*shape)

    tiled = labels_of(image, engine, model, TILED)

    assert np.mean(tiled == labels_of(image, engine, model)) >= 0.999


@pytest.mark.slow
def test_the_default_tiles_give_the_labels_of_a_large_slice(tiny):
    model, engine = tiny
    image = made_up_slice(1500, 1500)

    tiled = labels_of(image, engine, model, TilingConfig())

    assert np.mean(tiled == labels_of(image, engine, model)) >= 0.999


@pytest.mark.slow
def test_openvino_and_keras_agree(learned):
    model, engine = learned
    image = made_up_slice(256, 256)

    reference = labels_of(image, load_engine(model, "keras"), model)

    assert np.mean(labels_of(image, engine, model) == reference) >= 0.999


@pytest.fixture(scope="module")
def shipped():
    return shipped_model(DEFAULT_MODEL)


@pytest.mark.slow
def test_openvino_and_keras_agree_on_the_shipped_model(shipped):
    model, engine = shipped
    image = made_up_slice(512, 512)

    reference = labels_of(image, load_engine(model, "keras"), model)

    assert np.mean(labels_of(image, engine, model) == reference) >= 0.999


@pytest.mark.slow
def test_tiles_of_the_shipped_model_give_the_labels_of_the_whole_slice(shipped):
    model, engine = shipped
    image = made_up_slice(700, 500)

    tiled = labels_of(image, engine, model, TilingConfig(256, 128))

    assert np.mean(tiled == labels_of(image, engine, model)) >= 0.999


@pytest.mark.slow
def test_a_tiny_model_knows_a_rock_it_has_not_seen(learned):
    from sandseg.score.metrics import confusion_matrix, mean_iou

    model, engine = learned
    rock = make_phantom(PhantomConfig(shape=(1, 128, 128), seed=11))

    labels = labels_of(rock.image[0].astype(np.float32) / 255, engine, model)

    matrix = confusion_matrix(rock.labels[0], labels.astype(np.uint8), 4)
    assert mean_iou(matrix) >= 0.55


@pytest.mark.slow
def test_openvino_tells_nobody_that_it_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # what it tells its makers is counted there
    monkeypatch.delenv("CI", raising=False)
    script = "import sandseg.model.engine, openvino; openvino.convert_model"

    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)

    assert not (tmp_path / "intel").exists()


def test_another_engine_is_refused(grey_model_folder):
    with pytest.raises(ModelError, match='no engine "torch"') as caught:
        load_engine(load_model("grey", grey_model_folder), "torch")
    assert "openvino, keras" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"<net>", b"no network"])
def test_a_network_that_does_not_load_is_an_error_before_it_is_used(
    grey_model_folder, tmp_path, content
):
    model = replace(load_model("grey", grey_model_folder), folder=tmp_path)
    (tmp_path / "model.xml").write_bytes(content)

    with pytest.raises(ModelError, match='"grey" does not load with openvino') as caught:
        load_engine(model)
    assert "Restore" in caught.value.hint


@pytest.mark.slow
def test_a_model_without_keras_weights_does_not_load_with_keras(grey_model_folder):
    with pytest.raises(ModelError, match='"grey" does not load with keras'):
        load_engine(load_model("grey", grey_model_folder), "keras")


def test_this_process_has_a_core():
    assert n_cores() >= 1
