import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from sandseg.classes import IGNORED, SANDSTONE, SegmentationClass
from sandseg.measure import connectivity
from sandseg.measure.connectivity import PoreNetwork
from sandseg.measure.sample import sample_mask

AIR, QUARTZ = 0, 2
any_label = st.integers(0, 3) | st.just(IGNORED)
label_stacks = hnp.array_shapes(min_dims=3, max_dims=3, max_side=6).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=any_label)
)
half_pores = hnp.array_shapes(min_dims=3, max_dims=3, min_side=2, max_side=6).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=st.sampled_from([AIR, QUARTZ]))
)


def network(labels, sample=None):
    found = PoreNetwork(SANDSTONE)
    samples = np.ones(labels.shape, bool) if sample is None else sample
    for image, within in zip(labels, samples, strict=True):
        found.add(image, within)
    return found.result()


def through_at_once(pores):
    """What SciPy says of a whole stack in memory."""
    labels, _ = ndimage.label(pores)
    sizes = np.bincount(labels.ravel())
    shares = []
    for axis in range(3):
        both = np.intersect1d(labels.take(0, axis), labels.take(-1, axis))
        shares.append(sizes[both[both > 0]].sum() / max(pores.sum(), 1))
    return shares if pores.any() else [np.nan] * 3


def open_at_once(pores, sample):
    """The volume of the pores that lie beside what is no sample, or the edge of the stack."""
    labels, _ = ndimage.label(pores)
    inner = ndimage.binary_erosion(sample, border_value=0)
    touching = np.unique(labels[sample & ~inner])
    return np.isin(labels, touching[touching > 0]).sum()


@given(label_stacks)
def test_slice_by_slice_is_what_the_whole_stack_gives_at_once(labels):
    found = network(labels)

    if (labels == IGNORED).all():
        assert found.reason == "no sample was found"
        return
    pores = labels == AIR
    n_sample = np.count_nonzero(labels != IGNORED)
    np.testing.assert_allclose(found.through, through_at_once(pores))
    assert found.open_porosity == pytest.approx(open_at_once(pores, np.ones_like(pores)) / n_sample)
    assert found.open_porosity + found.closed_porosity == pytest.approx(pores.sum() / n_sample)
    assert found.box == tuple((0, length) for length in labels.shape)


@given(half_pores, hnp.arrays(bool, (6, 6, 6)))
def test_open_pores_reach_the_surface_of_a_sample_of_any_shape(labels, shape):
    sample = shape[tuple(slice(length) for length in labels.shape)]
    found = network(labels, sample)

    if not sample.any():
        assert found.reason
        return
    pores = (labels == AIR) & sample
    assert found.open_porosity == pytest.approx(open_at_once(pores, sample) / sample.sum())
    assert found.open_porosity + found.closed_porosity == pytest.approx(pores.sum() / sample.sum())


@given(half_pores, st.integers(0, 2))
def test_it_does_not_matter_from_which_end_one_begins(labels, axis):
    there, back = network(labels), network(np.flip(labels, axis))

    np.testing.assert_allclose(there.through, back.through)
    assert there.open_porosity == pytest.approx(back.open_porosity)


@given(half_pores, st.integers(1, 2))
def test_turning_a_stack_turns_its_axes(labels, axis):
    turned = network(np.swapaxes(labels, 0, axis))

    expected = list(network(labels).through)
    expected[0], expected[axis] = expected[axis], expected[0]
    np.testing.assert_allclose(turned.through, expected)


def test_a_channel_leads_through_and_a_bubble_is_closed():
    rock = np.full((10, 8, 8), QUARTZ, np.uint8)
    rock[:, 2, 2] = AIR  # a channel of 10 voxels from top to bottom
    rock[4:9, 5, 5:7] = AIR  # a bubble of 10 voxels

    found = network(rock)

    assert found.through == (0.5, 0, 0)
    assert (found.open_porosity, found.closed_porosity) == (10 / 640, 10 / 640)


def test_pores_that_touch_only_at_an_edge_are_not_joined():
    rock = np.full((2, 2, 2), QUARTZ, np.uint8)
    rock[0, 0, 0] = rock[1, 1, 0] = AIR

    assert network(rock).through == (0, 0, 0)


def test_branches_that_meet_slices_later_are_one_pore():
    rock = np.full((5, 3, 9), QUARTZ, np.uint8)
    rock[:4, 1, 1::2] = AIR  # four channels that end at the fifth slice …
    rock[3, 1, 1:] = AIR  # … but for the bar that joins them
    rock[4, 1, 3] = AIR

    assert network(rock).through[0] == 1


def core(n_slices=6, size=60, radius=25):
    """Labels of a drilled core in air, without pores."""
    y, x = np.ogrid[:size, :size]
    disk = (y - size // 2) ** 2 + (x - size // 2) ** 2 <= radius**2
    return np.repeat(np.where(disk, QUARTZ, AIR).astype(np.uint8)[None], n_slices, axis=0)


def test_the_air_around_a_core_joins_nothing():
    labels = core()
    labels[2, 30, 20:40] = AIR  # a closed pore
    labels[3, 30, 8:53] = AIR  # from side to side of the box, but not to the rim

    found = network(labels, sample_mask(labels, SANDSTONE))

    (first, last), *sides = found.box
    assert (first, last) == (0, 6)
    for start, end in sides:
        assert 33 <= end - start <= 37  # a square inside a disk of 51 has an edge of 36
    assert found.through[0] == found.through[1] == 0
    assert found.through[2] == 1  # both pores touch
    assert found.open_porosity == 0


def test_what_was_not_seen_is_no_pore():
    rock = np.full((3, 3, 3), QUARTZ, np.uint8)
    rock[0, 1, 1] = rock[2, 1, 1] = AIR
    rock[1, 1, 1] = IGNORED

    assert network(rock).through[0] == 0


def test_slices_of_air_at_the_ends_do_not_cut_the_box():
    labels = core()
    labels[:, 30, 30] = AIR
    empty = np.zeros_like(labels[:1])
    stack = np.concatenate([empty, labels, empty, empty])

    found = network(stack, sample_mask(stack, SANDSTONE))

    assert found.box[0] == (1, 7)
    assert found.through[0] == 1
    assert found.closed_porosity == 0


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (slice(2, 3), "a slice between others holds no sample"),
        (slice(0, 0), "no box lies inside the sample in every slice"),
    ],
)
def test_without_a_box_it_says_why_but_knows_what_is_open(lost, reason):
    left, right = core(3, 80, 12), core(3, 80, 12)
    stack = np.concatenate([np.roll(left, -20, axis=2), np.roll(right, 20, axis=2)])
    stack[lost] = AIR

    found = network(stack, sample_mask(stack, SANDSTONE))

    assert found.reason == reason
    assert np.isnan(found.through).all()
    assert found.open_porosity == found.closed_porosity == 0


def test_without_pores_or_a_class_of_pores_there_is_no_share():
    rock = np.full((3, 3, 3), QUARTZ, np.uint8)
    solid = PoreNetwork(
        [SegmentationClass(0, "a", "#000000"), SegmentationClass(2, "b", "#111111")]
    )
    solid.add(rock[0], np.ones((3, 3), bool))

    assert np.isnan(network(rock).through).all()
    assert network(rock).open_porosity == 0
    assert solid.result().reason == "no class is marked as pore"


def test_what_is_kept_does_not_grow_with_the_slices(rng, monkeypatch):
    monkeypatch.setattr(connectivity, "_IN_MEMORY", 1000)  # the rest goes to a file
    found, kept = PoreNetwork(SANDSTONE), []

    for _ in range(60):
        labels = np.where(rng.random((64, 64)) < 0.2, AIR, QUARTZ).astype(np.uint8)
        found.add(labels, np.ones((64, 64), bool))
        kept.append(len(found._pieces._sizes))

    assert max(kept[30:]) < 1.3 * max(kept[:30])
    assert found.result().open_porosity + found.result().closed_porosity == pytest.approx(
        0.2, abs=0.01
    )
