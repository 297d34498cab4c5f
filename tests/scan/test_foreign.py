import re
import shlex
import subprocess
import sys

import h5py
import numpy as np
import pytest

from sandseg.errors import SandsegError, StackError
from sandseg.scan.formats import open_stack
from sandseg.uploads import workspace
from sandseg.uploads.receive import Wanted, receive
from tests.made_tiffs import read_all


@pytest.mark.parametrize(
    ("file", "kind", "way"),
    [
        ("rock.am", "an Amira volume", "Amira or Avizo"),
        ("rock.nii.gz", "a NIfTI volume", r"nibabel.load\('rock.nii.gz'\)"),
        ("rock.txrm", "a Zeiss TXM/TXRM", "conda-forge.*dxchange.read_txrm"),
        ("slice.dcm", "a DICOM image", "GetGDCMSeriesFileNames.*Bio-Formats"),
    ],
)
def test_a_file_of_another_program_says_how_it_converts(cases_dir, file, kind, way):
    with pytest.raises(
        StackError, match=f'"{file}" is .*{kind}.*, which is not read here'
    ) as caught:
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


def commands(hint, name):
    """What a hint says to run, with the name of what is wanted put in."""
    for part in hint.split("python -c ")[1:]:
        command = "python -c " + part[: part.index('"', 1) + 1]
        yield [sys.executable, *shlex.split(command.replace("NAME", name))[1:]]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_what_a_hint_says_to_run_makes_a_file_that_opens(tmp_path, rng, ending):
    volume = rng.integers(0, 9000, (3, 4, 5)).astype(np.uint16)
    path = tmp_path / f"scan.{ending}"
    if ending == "npz":
        np.savez(path, rock=volume)
    else:
        with h5py.File(path, "w") as file:
            file["rock"] = volume
    with pytest.raises(StackError) as caught:
        open_stack(path)

    for command in commands(caught.value.hint, "rock"):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert not ran.stdout or "rock" in ran.stdout

    np.testing.assert_array_equal(read_all(open_stack(tmp_path / "scan.npy")), volume)


@pytest.mark.parametrize("name", ["b.nii", "IM1.dcm", "s.am", "s.txm", "s.h5", "pair.img"])
def test_a_folder_and_an_upload_of_such_files_say_how_they_convert(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / name).write_bytes(b"x")

    with pytest.raises(StackError, match=f'"{name}" is a.*which is not read here'):
        open_stack(tmp_path / "f")
    with pytest.raises(SandsegError, match=f'"{name}" is a.*which is not read here') as caught:
        receive(workspace.new_folder(), [(name, b"x")], Wanted(("tif",)))
    assert caught.value.hint
