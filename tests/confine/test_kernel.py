import errno
import os
import platform

import pytest

from sandseg.confine import kernel
from sandseg.confine.calls import numbers

on_linux = pytest.mark.skipif(kernel.architecture() is None, reason="This is another system.")


@pytest.mark.parametrize("machine", ["riscv64", "i686", ""])
def test_a_machine_whose_numbers_are_not_known_is_none(monkeypatch, machine):
    monkeypatch.setattr(platform, "machine", lambda: machine)

    assert kernel.architecture() is None


@on_linux
def test_what_the_kernel_refuses_is_an_error_with_its_reason():
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)) as caught:
        kernel.system_call(numbers(kernel.architecture())["close"], -1)

    assert caught.value.errno == errno.EBADF
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 2)


@on_linux
def test_what_is_set_about_a_process_holds_for_it_alone(in_a_child):
    said = in_a_child(
        "from sandseg.confine.kernel import PR_SET_NO_NEW_PRIVS, prctl\n"
        "prctl(PR_SET_NO_NEW_PRIVS, 1)\n"
        "status = Path('/proc/self/status').read_text().splitlines()\n"
        "said['line'] = next(line for line in status if line.startswith('NoNewPrivs'))"
    )

    assert said["line"].split() == ["NoNewPrivs:", "1"]
