import os

import pytest

from sandseg.confine.calls import SECCOMP, numbers
from sandseg.confine.kernel import architecture, system_call

MACHINES = ["x86_64", "aarch64"]


@pytest.mark.parametrize("machine", MACHINES)
def test_each_call_has_a_number_of_its_own(machine):
    known = numbers(machine)

    assert len(set(known.values())) == len(known)
    assert SECCOMP[machine] not in known.values()


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_reaches_other_processes_or_the_network(machine):
    known = set(numbers(machine))

    assert not {"execve", "execveat", "fork", "vfork", "kill", "tkill", "ptrace"} & known
    assert (
        not {"socket", "connect", "bind", "sendto", "process_vm_writev", "io_uring_setup"} & known
    )
    assert not {"prctl", "seccomp", "setuid", "mount", "chmod", "fchmodat", "chown"} & known
    assert {"read", "write", "mmap", "futex", "exit_group"} <= known


@pytest.mark.skipif(architecture() is None, reason="The numbers are of other machines.")
def test_the_numbers_are_those_of_this_kernel():
    known = numbers(architecture())

    for name in ("getpid", "getppid", "getuid", "geteuid", "getgid", "getegid"):
        assert system_call(known[name]) == getattr(os, name)(), name
    assert system_call(known["getsid"], 0) == os.getsid(0)
    assert system_call(known["getpgid"], 0) == os.getpgid(0)
