import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.export.names import safe_name


@given(name=st.text(max_size=30))
def test_a_safe_name_is_a_plain_file_name(name):
    safe = safe_name(name)

    assert safe
    assert set(safe) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not safe.startswith((".", "-"))
    assert len(safe) <= 166
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sandstone_Versa0300.tif", "Sandstone_Versa0300.tif"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\Grès n°3.tif", "Gres_n_3.tif"),
        ("", "file"),
        ("...", "file"),
        ("岩石", "file"),
        ("岩石.tif", "file.tif"),
        ("nul.tif", "file_nul.tif"),
        (".hidden", "file.hidden"),
        ("x" * 300 + ".tif", "x" * 80 + ".tif"),
    ],
)
def test_names_for_downloads(name, expected):
    assert safe_name(name) == expected
