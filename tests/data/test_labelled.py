import numpy as np
import pytest
import tifffile

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig, UNetConfig
from sandseg.data.labelled import LabelledSlices, prepare, read_labelled, shortest_side
from sandseg.data.patches import GridPatches, RandomPatches, grid_patches
from sandseg.errors import LabelError, StackError, TrainingError
from sandseg.export.tiff import write_labels
from sandseg.grey.mapping import GreyMapping
from sandseg.scan.labels.colors import SANDSTONE_RGB

COLORS = np.array(sorted(SANDSTONE_RGB, key=SANDSTONE_RGB.get), np.uint8)
NAMES = ("scan0000", "scan0050", "scan0100", "scan0150", "scan0200")


def config(**changes):
    settings = {"unet": UNetConfig((4, 8), stem="full"), "patch_size": 16, "batch_size": 4}
    return TrainConfig(**(settings | changes))


@pytest.fixture
def labels(rng):
    return rng.integers(0, 4, (5, 32, 48)).astype(np.uint8)


@pytest.fixture
def images(labels):
    return labels * 60 + 20


@pytest.fixture
def folders(tmp_path):
    """Two folders, and a function that writes a file into one of them."""
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()

    def write(part, name, array, **options):
        tifffile.imwrite(tmp_path / part / name, array, **options)

    write.images, write.labels = tmp_path / "images", tmp_path / "labels"
    return write


@pytest.fixture
def slices(images, labels):
    mapping = GreyMapping(0.0, 255.0)
    return LabelledSlices(NAMES, tuple(mapping.apply(i) for i in images), tuple(labels), mapping)


def test_a_stack_and_its_labels_are_read_slice_by_slice(tmp_path, images, labels):
    tifffile.imwrite(tmp_path / "image.tif", images, photometric="minisblack")
    write_labels(tmp_path / "labels.tif", labels)

    found = read_labelled(tmp_path / "image.tif", tmp_path / "labels.tif", 4)

    assert found.names == tuple(f"image[{z}]" for z in range(1, 6))
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.images, images / 255, atol=1e-6)
    assert found.images[0].dtype == np.float32
    assert found.mapping == GreyMapping(0, 255)


def test_files_of_two_folders_belong_together_by_name(folders, images, labels):
    for z in (3, 1, 0, 2, 4):
        folders("images", f"{NAMES[z]}.tif", images[z])
        folders("labels", f"{NAMES[z]}.TIFF", COLORS[labels[z]], photometric="rgb")
    (folders.labels / "notes.txt").write_text("not a slice")

    found = read_labelled(folders.images, folders.labels, 4)

    assert found.names == NAMES
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.images, images / 255, atol=1e-6)
    assert len(found.pairs([4, 0])) == 2
    np.testing.assert_array_equal(found.pairs([4, 0])[0][1], labels[4])


def test_images_nobody_labelled_are_left_out(folders, images, labels):
    for z, name in enumerate(NAMES):
        folders("images", f"{name}.tif", images[z])
    for z in (0, 3):
        folders("labels", f"{NAMES[z]}.tif", labels[z])

    found = read_labelled(folders.images, folders.labels, 4)

    assert found.names == (NAMES[0], NAMES[3])
    np.testing.assert_array_equal(found.labels[1], labels[3])


def test_slices_may_differ_in_size(folders, images, labels):
    for z, width in ((0, 48), (1, 40)):
        folders("images", f"{z}.tif", images[z, :, :width])
        folders("labels", f"{z}.tif", labels[z, :, :width])

    found = read_labelled(folders.images, folders.labels, 4)

    for sampling in ("random", "grid"):
        assert prepare(found, config(sampling=sampling)).patches.batch(0, 0)[0].shape[0] > 0


def test_the_shortest_side_of_all_slices_is_found(tmp_path):
    for name, shape in (("a", (2, 40, 30)), ("b", (25, 60))):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros(shape, np.uint8))

    assert shortest_side(tmp_path) == 25
    assert shortest_side(tmp_path / "a.tif") == 30


def test_8_bit_slices_keep_their_grey_values_and_others_share_one_scale(folders, images, labels):
    for z, factor in ((0, 1), (1, 10)):
        folders("images", f"{z}.tif", images[z].astype(np.uint16) * factor + 500)
        folders("labels", f"{z}.tif", labels[z])

    found = read_labelled(folders.images, folders.labels, 4)

    assert (found.mapping.low, found.mapping.high) == (520, 2500)
    np.testing.assert_allclose(found.images[0], images[0] / 1980 - 20 / 1980, atol=1e-6)


def test_classes_numbered_from_1_are_so_in_every_file(folders, images, labels):
    """The second file lacks the last class and looks, by itself, as if numbered from 0."""
    labels[1] = labels[1] % 3
    for z in (0, 1):
        folders("images", f"{z}.tif", images[z])
        folders("labels", f"{z}.tif", labels[z] + 1)

    found = read_labelled(folders.images, folders.labels, 4)

    np.testing.assert_array_equal(found.labels, labels[:2])


def test_ignored_pixels_stay_ignored_in_both_codings(folders, images, labels):
    raw = labels[:2] + 1
    raw[0, 0, :4] = 0
    raw[1, 0, :4] = IGNORED
    for z in (0, 1):
        folders("images", f"{z}.tif", images[z])
        folders("labels", f"{z}.tif", raw[z])

    found = read_labelled(folders.images, folders.labels, 4)

    for part, expected in zip(found.labels, labels, strict=False):
        assert (part[0, :4] == IGNORED).all()
        np.testing.assert_array_equal(part[1:], expected[1:])


def test_a_label_file_without_its_image_is_refused(folders, images, labels):
    folders("images", "a.tif", images[0])
    for name in ("a.tif", "b.tif"):
        folders("labels", name, labels[0])

    with pytest.raises(LabelError, match="1 image files and 2 label files.*b.tif") as caught:
        read_labelled(folders.images, folders.labels, 4)
    assert "the name of its image" in caught.value.hint


def test_labels_of_another_number_of_slices_are_refused(tmp_path, images, labels):
    tifffile.imwrite(tmp_path / "image.tif", images, photometric="minisblack")
    write_labels(tmp_path / "labels.tif", labels[:4])

    with pytest.raises(LabelError, match="is 5 slices of 32 × 48 .* labels are 4 slices"):
        read_labelled(tmp_path / "image.tif", tmp_path / "labels.tif", 4)


def test_labels_of_another_size_are_refused(tmp_path, images, labels):
    tifffile.imwrite(tmp_path / "image.tif", images, photometric="minisblack")
    write_labels(tmp_path / "labels.tif", labels[:, :, 1:])

    with pytest.raises(LabelError, match="32 × 48 pixels, but the labels are 5 .* 32 × 47"):
        read_labelled(tmp_path / "image.tif", tmp_path / "labels.tif", 4)


@pytest.mark.parametrize("empty", ["images", "labels"])
def test_a_folder_without_slices_is_refused(folders, images, empty):
    folders("labels" if empty == "images" else "images", "a.tif", images[0] % 4)

    with pytest.raises(StackError, match=f"There are no slices .* in .*{empty}") as caught:
        read_labelled(folders.images, folders.labels, 4)
    assert "folder that holds slices" in caught.value.hint


def test_pixels_that_are_no_numbers_have_no_label(tmp_path, images, labels):
    images = images.astype(np.float32)
    images[2, 3, 4] = np.nan
    tifffile.imwrite(tmp_path / "image.tif", images, photometric="minisblack")
    write_labels(tmp_path / "labels.tif", labels)

    found = read_labelled(tmp_path / "image.tif", tmp_path / "labels.tif", 4)

    without = np.array(labels)
    without[2, 3, 4] = IGNORED
    np.testing.assert_array_equal(found.labels, without)
    assert np.isfinite(found.images).all()


def test_a_net_with_one_output_learns_from_two_labels(tmp_path, images, labels):
    tifffile.imwrite(tmp_path / "image.tif", images, photometric="minisblack")
    write_labels(tmp_path / "labels.tif", labels > 1)

    found = read_labelled(tmp_path / "image.tif", tmp_path / "labels.tif", 1)

    np.testing.assert_array_equal(found.labels, labels > 1)


def test_slices_are_split_as_named(slices):
    data = prepare(slices, config(), validate=["0150"], test=["0050", "scan0200"])

    assert data.split == {
        "train": ["scan0000", "scan0100"],
        "validation": ["scan0150"],
        "test": ["scan0050", "scan0200"],
    }
    np.testing.assert_array_equal(data.validation[0][1], slices.labels[3])
    np.testing.assert_array_equal(data.train_images, [slices.images[0], slices.images[2]])
    assert isinstance(data.patches, RandomPatches)
    assert data.warnings == ()


def test_without_names_the_slices_are_split_in_blocks(slices):
    assert prepare(slices, config()).split == {
        "train": ["scan0000", "scan0050", "scan0100"],
        "validation": ["scan0150"],
        "test": ["scan0200"],
    }


def test_a_test_slice_is_never_learned_from_even_when_no_other_is_named(slices):
    split = prepare(slices, config(), test=["0000"]).split

    assert split["test"] == ["scan0000"]
    assert split["train"] == ["scan0050", "scan0100", "scan0150"]
    assert split["validation"] == ["scan0200"]


def test_only_training_slices_are_learned_from(slices):
    marked = [np.full_like(image, z / 8) for z, image in enumerate(slices.images)]
    slices = LabelledSlices(slices.names, tuple(marked), slices.labels, slices.mapping)

    for sampling in ("random", "grid"):
        data = prepare(slices, config(sampling=sampling), ["0150"], ["0050"])
        seen = [data.patches.batch(epoch, 0)[0] for epoch in range(10)]
        assert set(np.unique(seen) * 8) <= {0, 2, 4}


@pytest.mark.parametrize("part", ["validate", "test"])
def test_a_name_that_fits_no_slice_is_refused(slices, part):
    with pytest.raises(TrainingError, match='No slice is named "0300"') as caught:
        prepare(slices, config(), **{"validate": ["0150"], part: ["0300"]})
    assert "scan0000, scan0050" in caught.value.hint


@pytest.mark.parametrize(
    ("validate", "test"), [(NAMES, []), ([], NAMES), (["0150"], NAMES), ([], NAMES[:4])]
)
def test_a_part_without_slices_is_refused(slices, validate, test):
    with pytest.raises(TrainingError, match="No slice is left to train on, or none") as caught:
        prepare(slices, config(), validate, test)
    assert "Name fewer slices" in caught.value.hint


def test_one_slice_cannot_be_split(slices):
    alone = LabelledSlices(NAMES[:1], slices.images[:1], slices.labels[:1], slices.mapping)

    with pytest.raises(TrainingError, match="only one slice"):
        prepare(alone, config())
    assert prepare(alone, config(split="patch")).patches.n_steps > 0


def test_a_class_nobody_labelled_is_warned_of(slices):
    labels = tuple(np.where(part == 3, IGNORED, part).astype(np.uint8) for part in slices.labels)
    slices = LabelledSlices(slices.names, slices.images, labels, slices.mapping)

    for split in ("slice", "patch"):
        (warning,) = prepare(slices, config(split=split)).warnings
        assert warning.startswith("Class 3 does not occur in the training part")


def test_the_grid_holds_every_patch_of_the_training_slices(slices):
    data = prepare(slices, config(sampling="grid", augment=False), validate=["0150"])

    n_patches = sum(len(data.patches.batch(0, step)[0]) for step in range(data.patches.n_steps))
    assert isinstance(data.patches, GridPatches)
    assert n_patches == 4 * 2 * 3


def test_the_split_by_patch_shares_out_patches_of_all_slices(slices):
    data = prepare(slices, config(split="patch", seed=42))

    sizes = {part: int(words[0].split()[0]) for part, words in data.split.items()}
    assert sizes == {"train": 19, "validation": 5, "test": 6}
    assert len(data.train_images) == 19
    assert [image.shape for image, _ in data.validation] == [(16, 16)] * 5
    assert "random patches of all slices" in data.split["test"][0]


def test_the_split_by_patch_never_touches_a_test_slice(slices):
    data = prepare(slices, config(split="patch", seed=42), test=("0150",))

    assert data.split["test"] == ["scan0150"]
    kept_apart = {patch.tobytes() for patch in grid_patches(slices.images[3][None], 16)}
    seen = [*data.train_images, *(image for image, _ in data.validation)]
    assert len(seen) == round(0.64 * 24) + round(0.16 * 24)
    assert not kept_apart & {patch.tobytes() for patch in seen}
    with pytest.raises(TrainingError, match="No slice is left"):
        prepare(slices, config(split="patch"), test=NAMES)
