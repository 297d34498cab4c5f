import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandseg.data.split import positions_of, split_patches, split_slices
from sandseg.errors import TrainingError


@settings(max_examples=60)
@given(st.integers(2, 500), st.floats(0, 0.99), st.floats(0, 0.99))
def test_slices_are_split_into_neighbouring_blocks(n_slices, validation_share, test_share):
    split = split_slices(n_slices, validation_share, test_share)

    assert split.train + split.validation + split.test == tuple(range(n_slices))
    assert split.train
    assert split.validation


@pytest.mark.parametrize(
    ("n_slices", "sizes"), [(2, (1, 1, 0)), (3, (1, 1, 1)), (100, (64, 16, 20))]
)
def test_slices_are_shared_out_as_said(n_slices, sizes):
    split = split_slices(n_slices)

    assert tuple(len(part) for part in vars(split).values()) == sizes


@pytest.mark.parametrize("n_slices", [0, 1])
def test_one_slice_cannot_be_split(n_slices):
    with pytest.raises(TrainingError, match="only one slice") as caught:
        split_slices(n_slices)
    assert "split by patch" in caught.value.hint


@settings(max_examples=60)
@given(st.integers(3, 2000), st.integers(0, 99))
def test_every_patch_falls_into_one_part(n_patches, seed):
    split = split_patches(n_patches, seed)

    together = split.train + split.validation + split.test
    assert sorted(together) == list(range(n_patches))
    assert len(split.test) == pytest.approx(0.2 * n_patches, abs=1)
    assert len(split.validation) == pytest.approx(0.16 * n_patches, abs=1)
    assert split.train


def test_patches_are_shared_out_64_16_20_by_the_seed():
    split = split_patches(1000)

    assert [len(part) for part in vars(split).values()] == [640, 160, 200]
    assert split == split_patches(1000, seed=42)
    assert split != split_patches(1000, seed=43)


def test_the_split_by_patch_leaks_and_says_so():
    split = split_patches(1000)

    n_leaking = sum(bool({i - 1, i + 1} & set(split.train)) for i in split.test)
    assert n_leaking > 0.7 * len(split.test)
    assert "leaks" in split_patches.__doc__


@pytest.mark.parametrize("n_patches", [0, 2])
def test_too_few_patches_cannot_be_split(n_patches):
    with pytest.raises(TrainingError, match=f"{n_patches} patches cannot be split") as caught:
        split_patches(n_patches)
    assert "smaller patch" in caught.value.hint


STACK = [f"rock[{z}]" for z in range(1, 13)]


@pytest.mark.parametrize(
    ("wanted", "names", "expected"),
    [
        ("1", ["slice1", "slice2", "slice11"], [0]),
        ("1", ["s001", "s010", "s011"], [0]),
        ("0050", ["Versa0050", "Versa0150"], [0]),
        ("50", ["Versa0050", "Versa0150"], [0]),
        ("2", STACK, [1]),
        ("rock[12]", STACK, [11]),
        ("a1", ["a1", "xa1"], [0]),
        ("sa50", ["Versa50", "Versa150"], [0]),
        ("b", ["a", "ab", "bb"], [1, 2]),
        ("3", ["a3", "b3"], [0, 1]),
    ],
)
def test_a_slice_is_named_by_itself_by_its_number_or_by_its_end(wanted, names, expected):
    assert positions_of(wanted, names) == expected


@pytest.mark.parametrize("wanted", ["4", "lice1", "12", "slice"])
def test_a_number_is_never_cut_in_two(wanted):
    with pytest.raises(TrainingError, match=f'No slice is named "{wanted}"'):
        positions_of(wanted, ["slice11", "slice22", "slice24"])
