import io
from dataclasses import replace

import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import read_labels
from sandseg.scan.limits import WEB_LIMITS


def npy_bytes(array, **options):
    handle = io.BytesIO()
    np.save(handle, array, **options)
    return handle.getvalue()


def read_all(stack):
    return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


@pytest.fixture
def volume(rng):
    return rng.integers(0, 255, (5, 20, 30)).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "i2", ">i4", "f2", "f4", ">f8", "u8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_array_comes_back_as_it_was_saved(volume, tmp_path, dtype, order):
    array = np.asarray(volume.astype(dtype), order=order)
    (tmp_path / "rock.npy").write_bytes(npy_bytes(array))

    for source in (tmp_path / "rock.npy", npy_bytes(array), io.BytesIO(npy_bytes(array))):
        with open_stack(source) as stack:
            assert (stack.shape, stack.dtype) == (array.shape, np.dtype(dtype).newbyteorder("="))
            np.testing.assert_array_equal(read_all(stack), array)


@pytest.mark.parametrize("shape", [(5, 20, 30, 1), (1, 5, 20, 30), (1, 1, 5, 20, 30, 1)])
def test_axes_of_one_channel_and_one_time_are_left_away(volume, shape):
    with open_stack(npy_bytes(volume.reshape(shape))) as stack:
        np.testing.assert_array_equal(read_all(stack), volume)


def test_one_slice_and_true_and_false_are_read(volume):
    np.testing.assert_array_equal(open_stack(npy_bytes(volume[0])).read_slice(0), volume[0])
    is_pore = volume > 100
    assert open_stack(npy_bytes(is_pore)).dtype == np.uint8
    np.testing.assert_array_equal(read_all(open_stack(npy_bytes(is_pore))), is_pore)


def test_labels_may_be_an_array(rng):
    labels = rng.integers(0, 4, (3, 20, 30))

    np.testing.assert_array_equal(read_labels(npy_bytes(labels)), labels)


def test_nothing_in_an_array_is_executed(tmp_path):
    flag = tmp_path / "flag"

    class Hostile:
        def __reduce__(self):
            return type(flag).touch, (flag,)

    data = npy_bytes(np.array([Hostile()] * 4).reshape(2, 2), allow_pickle=True)

    with pytest.raises(StackError, match="type object; needed are real numbers"):
        open_stack(data)
    assert not flag.exists()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(4), "shape .4,. and type float64"),
        (np.zeros((2, 2, 2, 2)), "needed are real numbers with the axes"),
        (np.zeros((0, 4, 4)), "needed are real numbers with the axes"),
        (np.zeros((4, 4), complex), "type complex128"),
        (np.zeros((40, 50, 3), np.uint8), "looks like a color picture"),
    ],
)
def test_an_array_that_is_no_stack_is_refused(array, message):
    with pytest.raises(StackError, match=message) as caught:
        open_stack(npy_bytes(array))
    assert caught.value.hint


@pytest.mark.parametrize("share", [0.05, 0.3, 0.99])
def test_an_array_cut_off_is_refused(volume, share):
    data = npy_bytes(volume)

    with pytest.raises(StackError, match="cut off|cannot be read"):
        open_stack(data[: int(share * len(data))], "rock.npy")


@pytest.mark.parametrize("header", ["{'descr'", "{", "[" * 300, "{'descr': 'u1'}", "\0" * 80])
def test_a_header_that_makes_no_sense_is_refused(header):
    data = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode()

    with pytest.raises(StackError, match="cannot be read: the file is damaged"):
        open_stack(data)


def test_an_array_over_a_limit_is_refused(volume):
    with pytest.raises(StackError, match="at most 2 can be opened"):
        open_stack(npy_bytes(volume), limits=replace(WEB_LIMITS, max_slices=2))


def test_an_array_has_no_channel_to_choose(volume):
    assert open_stack(npy_bytes(volume), channel=0).n_slices == 5
    with pytest.raises(StackError, match="has no channel 2"):
        open_stack(npy_bytes(volume), channel=1)


# --- Raw voxels -----------------------------------------------------------------------------
