import errno
import os
import struct

import pytest

from sandseg.confine import seccomp
from sandseg.confine.calls import numbers
from sandseg.confine.kernel import ARCHITECTURES

MACHINES = ["x86_64", "aarch64"]
ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE = 0x00050000 | errno.EPERM
IN_A_CHILD = """
import socket, subprocess, threading
from sandseg.confine import seccomp
from sandseg.confine.kernel import PR_SET_NO_NEW_PRIVS, prctl
prctl(PR_SET_NO_NEW_PRIVS, 1)
seccomp.restrict()
def thread():
    found = []
    one = threading.Thread(target=lambda: found.append("ran")); one.start(); one.join()
    return found[0]
deeds = {
    "thread": thread,
    "read": lambda: len(Path("/dev/zero").open("rb", buffering=0).read(3)),
    "fork": os.fork,
    "program": lambda: subprocess.run(["true"]),
    "socket": socket.socket,
    "signal": lambda: os.kill(os.getppid(), 0),
    "mode": lambda: os.chmod("/dev/null", 0o666),
}
said = {name: outcome(deed) for name, deed in deeds.items()}
"""


def verdict(machine, number, *arguments, on=None):
    """What the kernel would do at a call: the filter's program, run step by step."""
    six = [*arguments, *[0] * 6][:6]
    record = struct.pack("<IIQ6Q", number, ARCHITECTURES[on or machine], 0, *six)
    steps = [struct.unpack("=HBBI", step) for step in seccomp._code(machine)]
    at, held = 0, 0
    while True:
        code, if_so, if_not, value = steps[at]
        if code == 0x06:
            return value
        if code == 0x20:
            (held,) = struct.unpack_from("<I", record, value)
            at += 1
        else:
            is_so = held == value if code == 0x15 else held & value
            at += 1 + (if_so if is_so else if_not)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_that_is_not_listed_is_refused(machine):
    known = numbers(machine)
    looked_at = {"clone", "clone3", "tgkill", "prlimit64", "ioctl", "fcntl"}

    for number in {*range(600), 0x40000000, 2**32 - 1} - {known[name] for name in looked_at}:
        assert verdict(machine, number) == (ALLOW if number in known.values() else REFUSE), number


@pytest.mark.parametrize(("machine", "other"), [MACHINES, MACHINES[::-1]])
def test_a_call_by_the_numbers_of_another_machine_ends_the_process(machine, other):
    assert verdict(machine, numbers(machine)["read"], on=other) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_a_call_is_allowed_for_what_computing_needs_of_it(machine):
    known = numbers(machine)

    assert verdict(machine, known["clone"], 0x3D0F00) == ALLOW  # a thread
    assert verdict(machine, known["clone"], 0x1200011) == REFUSE  # a process
    assert verdict(machine, known["clone3"]) == 0x00050000 | errno.ENOSYS
    assert verdict(machine, known["tgkill"], os.getpid(), 1) == ALLOW
    assert verdict(machine, known["tgkill"], 1, 1) == REFUSE
    assert verdict(machine, known["prlimit64"], 0) == ALLOW
    assert verdict(machine, known["prlimit64"], 1) == REFUSE
    assert verdict(machine, known["ioctl"], 0, 0x5401) == ALLOW
    assert verdict(machine, known["ioctl"], 0, 0x5412) == REFUSE  # types into a terminal
    assert verdict(machine, known["fcntl"], 0, 3) == ALLOW
    assert verdict(machine, known["fcntl"], 0, 8) == REFUSE  # says who is signalled


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_fits_the_kernel(machine):
    assert len(seccomp._code(machine)) < 4096  # BPF_MAXINSNS


@pytest.mark.skipif(not seccomp.is_offered(), reason="The kernel has no such filters.")
def test_a_filtered_process_computes_and_does_nothing_else(in_a_child):
    said = in_a_child(IN_A_CHILD)

    done = {name: what for name, what in said.items() if what.startswith("done")}
    assert done == {"thread": "done: ran", "read": "done: 3"}
    assert {what for name, what in said.items() if name not in done} == {"PermissionError"}
