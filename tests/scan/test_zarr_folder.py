import subprocess
import sys

import numpy as np
import pytest
import zarr

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import StackLimits


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 40, 30)).astype(np.uint16)


def read_all(stack):
    return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])


def ome(folder, array, axes, zarr_format=2, unit="micrometer", edge=2.23, path="0"):
    """Write an OME-Zarr image with a halved copy."""
    group = zarr.open_group(str(folder), mode="w", zarr_format=zarr_format)
    group.create_array(path, data=array)
    group.create_array("half", data=array[..., ::2, ::2])
    told = [{"name": axis, "type": "space", "unit": unit} for axis in axes]
    scale = {"type": "scale", "scale": [1.0] * (len(axes) - 2) + [edge] * 2}
    datasets = [{"path": p, "coordinateTransformations": [scale]} for p in (path, "half")]
    said = {"multiscales": [{"axes": told, "datasets": datasets}]}
    group.attrs.update(said if zarr_format == 2 else {"ome": said})
    return folder


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", [np.uint8, ">u2", np.int16, np.float32])
def test_an_array_is_read_slice_by_slice(volume, tmp_path, zarr_format, dtype):
    array = volume.astype(dtype)
    zarr.create_array(
        str(tmp_path / "rock"), data=array, zarr_format=zarr_format, chunks=(2, 16, 16)
    )

    with open_stack(tmp_path / "rock") as stack:
        assert (stack.shape, stack.name, stack.voxel_size_um) == (volume.shape, "rock", None)
        assert stack.dtype == np.dtype(dtype).newbyteorder("=")
        np.testing.assert_array_equal(read_all(stack), array)


def test_one_slice_is_a_stack(volume, tmp_path):
    zarr.save_array(str(tmp_path / "rock"), volume[0])

    np.testing.assert_array_equal(read_all(open_stack(tmp_path / "rock")), volume[:1])


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("path", ["0", "full"])
def test_an_ome_image_is_read_at_full_resolution_with_its_voxel_size(
    volume, tmp_path, zarr_format, path
):
    folder = ome(tmp_path / "rock.zarr", volume, "zyx", zarr_format, path=path)

    with open_stack(folder) as stack:
        assert stack.voxel_size_um == pytest.approx(2.23)
        np.testing.assert_array_equal(read_all(stack), volume)


@pytest.mark.parametrize(
    ("unit", "edge", "expected"),
    [("nanometer", 650, 0.65), ("millimeter", 0.004, 4), ("furlong", 1, None), (None, 2, None)],
)
def test_units_are_read(volume, tmp_path, unit, edge, expected):
    folder = ome(tmp_path / "rock.zarr", volume, "zyx", unit=unit, edge=edge)

    found = open_stack(folder).voxel_size_um

    assert found == (expected and pytest.approx(expected))


def test_channel_and_time_are_chosen(rng, tmp_path):
    array = rng.integers(0, 255, (2, 3, 4, 20, 24)).astype(np.uint8)
    folder = ome(tmp_path / "rock.zarr", array, "tczyx")

    with open_stack(folder) as stack:
        assert set(stack.choices.open) == {"time", "channel"}
        assert stack.notes
        np.testing.assert_array_equal(read_all(stack), array[0, 0])
    with open_stack(folder, channel=2, time=1) as stack:
        np.testing.assert_array_equal(read_all(stack), array[1, 2])
    with pytest.raises(StackError, match="has no channel 4"):
        open_stack(folder, channel=3)


def test_four_axes_go_by_their_names(rng, tmp_path):
    array = rng.integers(0, 255, (2, 4, 20, 24)).astype(np.uint8)

    by_time = open_stack(ome(tmp_path / "t.zarr", array, "tzyx"), time=1)
    zarr.save_array(str(tmp_path / "plain"), array)
    by_channel = open_stack(tmp_path / "plain", channel=1)

    np.testing.assert_array_equal(read_all(by_time), array[1])
    np.testing.assert_array_equal(read_all(by_channel), array[1])


def test_a_group_without_an_image_is_named(tmp_path):
    zarr.open_group(str(tmp_path / "none"), mode="w")

    with pytest.raises(StackError, match="without an image") as caught:
        open_stack(tmp_path / "none")
    assert caught.value.hint


@pytest.mark.parametrize("marker", [".zarray", ".zgroup", "zarr.json"])
@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense"])
def test_a_damaged_folder_is_an_error_with_advice(tmp_path, marker, content):
    (tmp_path / marker).write_text(content)

    with pytest.raises(StackError) as caught:
        open_stack(tmp_path)
    assert caught.value.hint


def test_a_damaged_chunk_is_an_error_of_the_slice_that_needs_it(volume, tmp_path):
    folder = tmp_path / "rock"
    zarr.create_array(str(folder), data=volume, zarr_format=2, chunks=(1, 40, 30))
    (folder / "3.0.0").write_bytes(b"\0" * 40)
    stack = open_stack(folder)

    np.testing.assert_array_equal(stack.read_slice(2), volume[2])
    with pytest.raises(StackError, match="damaged"):
        stack.read_slice(3)


def test_complex_numbers_and_flat_arrays_are_refused(tmp_path):
    zarr.save_array(str(tmp_path / "complex"), np.ones((3, 4, 5), complex))
    zarr.save_array(str(tmp_path / "flat"), np.ones(9))

    for name in ("complex", "flat"):
        with pytest.raises(StackError, match="array of shape"):
            open_stack(tmp_path / name)


def test_the_limits_hold(volume, tmp_path):
    zarr.save_array(str(tmp_path / "rock"), volume)

    with pytest.raises(StackError, match="5 slices; at most 4"):
        open_stack(tmp_path / "rock", limits=StackLimits(max_slices=4))


def test_only_these_folders_load_the_package():
    script = "import sandseg.scan.formats, sys; sys.exit('zarr' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
