import numpy as np
import pytest

from sandseg.errors import ModelError
from sandseg.teach.examples import (
    MOST_PIXELS,
    Example,
    digest_of_slice,
    picked_pixels,
    read_examples,
    write_examples,
)


def example(seed=0, n_features=5):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3, (20, 30), np.uint8)
    picked = np.flatnonzero(values)[::3]
    features = rng.normal(size=(len(picked), n_features)).astype("f2").astype("f4")
    drawn = rng.normal(size=(7, n_features)).astype("f2").astype("f4")
    return Example("rock, ü.tif", (9, 20, 30), 3, "4", "abcd", values, picked, features, drawn)


def test_examples_are_read_as_they_were_written(tmp_path):
    written = [example(0), example(1)]

    write_examples(tmp_path / "e.npz", written)

    for one, other in zip(written, read_examples(tmp_path / "e.npz"), strict=True):
        for name, value in vars(one).items():
            np.testing.assert_array_equal(getattr(other, name), value)
    write_examples(tmp_path / "none.npz", [])
    assert read_examples(tmp_path / "none.npz") == ()


def damaged(one, kind):
    if kind == "features of others":
        return Example(**{**vars(one), "features": one.features[:-1]})
    if kind == "no pixels of it":
        return Example(**{**vars(one), "picked": one.picked + 10_000})
    if kind == "unpainted pixels":
        return Example(
            **{**vars(one), "picked": np.flatnonzero(one.values == 0)[: len(one.picked)]}
        )
    return Example(**{**vars(one), "features": one.features * np.nan})


@pytest.mark.parametrize(
    "kind", ["features of others", "no pixels of it", "unpainted pixels", "no numbers"]
)
def test_parts_that_do_not_fit_are_refused(tmp_path, kind):
    write_examples(tmp_path / "e.npz", [damaged(example(), kind)])

    with pytest.raises(ModelError, match="missing or damaged"):
        read_examples(tmp_path / "e.npz")


@pytest.mark.parametrize("content", [None, b"", b"PK damaged"])
def test_no_such_file_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "e.npz").write_bytes(content)

    with pytest.raises(ModelError, match="missing or damaged"):
        read_examples(tmp_path / "e.npz")


def test_a_slice_is_told_by_its_greys_in_whatever_type():
    image = np.arange(600, dtype=np.uint16).reshape(20, 30)

    assert digest_of_slice(image) == digest_of_slice(image.astype(">u2"))
    assert digest_of_slice(image) == digest_of_slice(image.astype(np.float32))
    others = image.copy(), image.reshape(30, 20), image[:, ::-1]
    others[0][3, 4] += 1
    assert len({digest_of_slice(one) for one in (image, *others)}) == 4


def test_of_many_pixels_some_of_each_stroke_are_kept():
    values = np.ones(5 * MOST_PIXELS, np.uint8)
    strokes = np.ones(values.size, int)
    strokes[-3:] = [2, 3, 4]

    kept = picked_pixels(values, strokes)

    assert len(kept) <= MOST_PIXELS + 4
    assert (np.diff(kept) > 0).all()
    assert set(strokes[kept]) == {1, 2, 3, 4}
    assert (picked_pixels(values[:50], strokes[:50]) == np.arange(50)).all()
