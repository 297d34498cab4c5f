"""What a decoder that a hostile file has taken over might do; started by `test_rights.py`.

It is confined as the real one, then tries all of it and says what came of each.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from sandseg.confine import start
from sandseg.confine.kernel import system_call
from sandseg.scan.limits import StackLimits
from sandseg.uploads.decode import confine


def outcome(deed: Callable[[], object]) -> str:
    """Do it; return the name of the error, or what came of it."""
    try:
        return f"done: {deed()}"
    except Exception as error:  # noqa: BLE001 - whatever stops it
        return type(error).__name__


def attempts(asked: dict) -> dict[str, Callable[[], object]]:
    """All it tries, by name. The server is `server`, another visit's stack `stranger`."""
    server, stranger, app = asked["server"], Path(asked["stranger"]), Path(asked["app"])
    target = Path(asked["requests"][0]["target"])
    return {
        "read another visit's stack": stranger.read_bytes,
        "write into another visit's stack": lambda: stranger.open("r+b").write(b"mine"),
        "shorten another visit's stack": lambda: os.truncate(stranger, 0),
        "remove another visit's stack": stranger.unlink,
        "list another visit": lambda: list(stranger.parent.iterdir()),
        "open another visit's stack to all": lambda: stranger.chmod(0o777),
        "move another visit's stack here": lambda: stranger.rename(target.with_name("moved")),
        "link to another visit's stack": lambda: target.with_name("link").symlink_to(stranger),
        "give another visit's stack a second name": lambda: os.link(
            stranger, target.with_name("second")
        ),
        "read the server's environment": Path(f"/proc/{server}/environ").read_bytes,
        "read the server's memory": lambda: Path(f"/proc/{server}/mem").open("rb"),
        "write the server's memory": lambda: Path(f"/proc/{server}/mem").open("r+b"),
        "trace the server": lambda: call("ptrace", 16, server, 0, 0),
        "copy from the server's memory": lambda: call("process_vm_readv", server, 0, 0, 0, 0, 0),
        "copy into the server's memory": lambda: call("process_vm_writev", server, 0, 0, 0, 0, 0),
        "signal the server": lambda: os.kill(server, 0),
        "end the server": lambda: os.kill(server, signal.SIGTERM),
        "signal the server's thread": lambda: call("tgkill", server, server, 0),
        "queue a signal for the server": lambda: call("rt_sigqueueinfo", server, 10, 0),
        "get a handle of the server": lambda: os.pidfd_open(server),
        "lower the server's limits": lambda: resource.prlimit(
            server, resource.RLIMIT_NOFILE, (1, 1)
        ),
        "slow the server down": lambda: os.setpriority(os.PRIO_PROCESS, server, 19),
        "open a connection": lambda: socket.create_connection(("127.0.0.1", asked["port"]), 2),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "send a datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "use a local socket": lambda: socket.socket(socket.AF_UNIX),
        "write beside the app": lambda: (app / "server.log").write_text("mine"),
        "write into the backend": lambda: (app / "sandseg" / "mine.py").write_text("mine"),
        "read the app's settings": (app / ".streamlit" / "config.toml").read_text,
        "read the user's names": Path("/etc/passwd").read_text,
        "write among temporary files": lambda: Path("/tmp/mine").write_text("mine"),  # noqa: S108
        "fork": os.fork,
        "fork 200 children": lambda: [os.fork() or os._exit(0) for _ in range(200)],
        "start a program": lambda: subprocess.run(["/bin/true"]),
        "become a program": lambda: os.execv("/bin/true", ["true"]),
        "leave its session": os.setsid,
        "outlive who started it": lambda: call("prctl", 1, 0, 0, 0, 0),
        "make a namespace": lambda: call("unshare", 0x10000000),
        "mount": lambda: call("mount", 0, 0, 0, 0, 0),
        "load a program into the kernel": lambda: call("bpf", 0, 0, 0),
        "make calls through a ring": lambda: call("io_uring_setup", 1, 0),
        "type into the terminal": lambda: call("ioctl", 0, 0x5412, 0),
        "have a file signal the server": lambda: call("fcntl", 0, 8, server),
        "make a call of 32 bits": lambda: call("x32", 0),
    }


# On x86_64 and aarch64.
NUMBERS = {
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "prctl": (157, 167)},
    **{"unshare": (272, 97), "mount": (165, 40), "bpf": (321, 280), "io_uring_setup": (425, 425)},
    **{"ioctl": (16, 29), "fcntl": (72, 25), "x32": (0x40000000 + 39, 10**6)},
}


def call(name: str, *arguments: int) -> int:
    """Make a call of the kernel without Python's help."""
    return system_call(NUMBERS[name][os.uname().machine == "aarch64"], *arguments)


def allowed(asked: dict) -> dict[str, Callable[[], object]]:
    """What it still must be able to do."""
    request = asked["requests"][0]
    [source], target = request["sources"].values(), Path(request["target"])

    def run_thread() -> str:
        said = []
        thread = threading.Thread(target=said.append, args=("ran",))
        thread.start()
        thread.join()
        return said[0]

    return {
        "read its file": lambda: len(Path(source).read_bytes()),
        "write beside its stack": lambda: target.with_name("part").write_bytes(b"12"),
        "rename it": lambda: target.with_name("part").replace(target) == target,
        "start a thread": run_thread,
        "import more": lambda: __import__("imagecodecs").png_decode.__name__,
    }


def wait(asked: dict) -> None:
    """Write down who waits, and do nothing for ever."""
    with Path(asked["alive"]).open("a") as told:
        told.write(f"{os.getpid()}\n")
    signal.pause()


def main() -> None:
    """Do what is asked: wait with a child, or be confined and then wait, or try all."""
    asked = json.load(sys.stdin)
    if asked.get("brings") == "child":
        os.fork()
        wait(asked)
    if asked.get("brings") == "words":
        sys.stdout.write("x" * (start.MOST_SAID + 1))
        return
    if not asked.get("is_free"):
        confine(StackLimits(**asked["limits"]), asked["requests"], asked["room"])
    if "alive" in asked:
        wait(asked)
    deeds = {**attempts(asked), **allowed(asked)}
    names = asked.get("deeds", deeds)
    found = {name: outcome(deeds[name]) for name in names}
    json.dump(found | {"environment": dict(os.environ)}, sys.stdout)


if __name__ == "__main__":
    main()
