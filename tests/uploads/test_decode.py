import io
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import WEB_LIMITS
from sandseg.uploads import decode as decoder
from sandseg.uploads.decode import decode

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 40, 50)).astype(np.uint16)


@pytest.fixture
def request_for(tmp_path, volume):
    tifffile.imwrite(tmp_path / "rock.tif", volume)
    return {
        "sources": {"rock.tif": str(tmp_path / "rock.tif")},
        "name": "rock.tif",
        "target": str(tmp_path / "stack.tif"),
        "selection": {},
    }


def answer(request, monkeypatch, capsys):
    """Run the process's own main function here, but without giving up this process's rights."""
    asked = {"limits": asdict(WEB_LIMITS), "requests": [request], "room": 10**9}
    monkeypatch.setattr(decoder, "confine", lambda *_: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(asked)))
    decoder.main()
    [found] = json.loads(capsys.readouterr().out)
    return found


def test_the_answer_says_what_was_understood(request_for, tmp_path, monkeypatch, capsys, volume):
    found = answer(request_for, monkeypatch, capsys)

    assert (found["axes"], found["compression"], found["notes"]) == ("QYX", "none", [])
    with open_stack(tmp_path / "stack.tif") as stack:
        np.testing.assert_array_equal(stack.read_slice(4), volume[4])


def test_a_refusal_is_an_answer_too(request_for, monkeypatch, capsys):
    found = answer(request_for | {"selection": {"channel": 4}}, monkeypatch, capsys)

    assert "has no channel 5" in found["message"]
    assert found["hint"]
    assert found["choices"] is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits.")
def test_the_process_gives_up_its_rights():
    limits = "StackLimits(decode_bytes=2**30, decode_s=9, max_total_bytes=10**6, max_slices=1)"
    script = (
        "import resource as r; from sandseg.uploads.decode import _hold_down; "
        f"from sandseg.scan.limits import StackLimits; _hold_down({limits}, 10**6); "
        "print(*(r.getrlimit(k)[0] for k in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_CORE)))"
    )

    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert run.stdout.split() == [str(2**30), "10", "0"], run.stderr


def test_the_decoder_loads_no_more_than_it_needs():
    script = "import sandseg.uploads.decode, sys; sys.exit(' '.join(set(sys.modules) & "
    script += "{'streamlit', 'scipy', 'skimage', 'pandas', 'PIL', 'openvino', 'keras'}) or 0)"
    command = [sys.executable, "-c", script]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr


def test_a_stack_that_cannot_be_kept_is_an_error_with_advice(request_for, tmp_path):
    with pytest.raises(StackError, match=r'"rock\.tif" cannot be kept: No such file') as caught:
        decode(request_for | {"target": str(tmp_path / "none" / "stack.tif")}, WEB_LIMITS, 10**9)
    assert caught.value.hint
