import re

import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack


@pytest.mark.parametrize(
    ("file", "kind", "way"),
    [
        ("rock.am", "an Amira volume", "Amira or Avizo"),
        ("rock.nii.gz", "a NIfTI volume", r"nibabel.load\('rock.nii.gz'\)"),
        ("rock.txrm", "a Zeiss TXM/TXRM", "dxchange.read_txrm"),
        ("slice.dcm", "a DICOM image", "Bio-Formats"),
    ],
)
def test_a_file_of_another_program_says_how_it_converts(cases_dir, file, kind, way):
    with pytest.raises(StackError, match=f'"{file}" is .*{kind}.*, not a TIFF') as caught:
        open_stack(cases_dir / "other_formats" / file)

    assert re.search(way, caught.value.hint)


@pytest.mark.parametrize(
    ("start", "name", "kind"),
    [
        (bytes(128) + b"DICM", "IM0001", "DICOM"),
        (bytes(344) + b"n+1\0", "brain", "NIfTI"),
        (b"\x89HDF\r\n\x1a\n", "scan.tif", "HDF5"),
        (b"PK\x03\x04", "scan.npz", "archive of NumPy arrays"),
    ],
)
def test_bytes_and_endings_both_tell(tmp_path, start, name, kind):
    (tmp_path / name).write_bytes(start)

    with pytest.raises(StackError, match=kind) as caught:
        open_stack(tmp_path / name)
    assert caught.value.hint
