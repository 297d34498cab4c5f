import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sandseg.ownership import SIGNATURE, is_signed, is_signed_by, sign


def test_a_folder_is_known_by_the_key_that_signed_it_and_no_other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")

    @given(st.text(min_size=1), st.text())
    def check(key, other):
        assume(key != other)
        sign(folder, key)
        assert is_signed(folder)
        assert is_signed_by(folder, key)
        assert not is_signed_by(folder, other)

    check()


def test_without_a_key_a_folder_is_nobodys(tmp_path):
    sign(tmp_path, "")

    assert not is_signed(tmp_path)
    assert not is_signed_by(tmp_path, "")
    assert not list(tmp_path.iterdir())


def test_the_key_cannot_be_read_from_the_folder(tmp_path):
    sign(tmp_path, "the key")

    assert b"the key" not in (tmp_path / SIGNATURE).read_bytes()


@pytest.mark.parametrize("damage", [b"", b"\xff\x00", b"the key", b"0" * 64])
def test_a_damaged_signature_fits_nobody_and_does_not_open_the_folder(tmp_path, damage):
    (tmp_path / SIGNATURE).write_bytes(damage)

    assert is_signed(tmp_path)
    for key in ("", "the key"):
        assert not is_signed_by(tmp_path, key)


def test_a_signature_that_leads_elsewhere_counts_for_none(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder in (mine, other):
        folder.mkdir()
    sign(other, "the key")
    (mine / SIGNATURE).symlink_to(other / SIGNATURE)

    assert is_signed(mine)
    assert not is_signed_by(mine, "the key")
