"""Speak nonsense to a real server: addresses, values of widgets and messages nobody would send.

    PYTHONPATH=.:tests/browser python benchmarks/fuzz_addresses.py [--messages N] [--seed S]

Some visitors send what is made up while a watcher looks at every page: what must not happen is
that the watcher sees an error, or that the server grows. Errors on the page of whoever sends
nonsense are counted, by what raised them. What was really sent stands in
benchmarks/fuzz_addresses.json, written again after each thousand. Work that a visitor may ask for,
as a whole stack segmented, is not asked for here; trainings need a token that nobody knows.
"""

import argparse
import json
import os
import random
import re
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: TID251 - what a browser says
from streamlit.proto.Delta_pb2 import Delta  # noqa: TID251
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: TID251
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sandseg.atomic import write_bytes
from tests.browser import conftest as served

RESULT = Path(__file__).with_suffix(".json")
PAGES = ("", "browse", "segment", "teach", "evaluate", "compare", "train")
KEYS = ("sample", "model", "slice", "view", "method", "methods", "pair", "cell", "hidden", "epoch")
KEYS += ("run", "replay", "lesson", "correct", "exact", "place", "x", "y", "z", "grey", "part")
KEYS += ("preset", "matrix", "scale", "opacity", "clear", "marker", "zoom", "data", "layout", "log")
TEXTS = ("", "phantom", "sandstone-compact", "true", "0", "1", "-1", "1e999", "nan", "9" * 400)
TEXTS += ("../../etc/passwd", "\x00", "%00", "<script>", "${7*7}", "a~b", "air~clay", "64", "65")
TEXTS += ("1,2,3", "auto", "multi-otsu", "box:1,2,3,4", "circle:nan,0,0", "[]", "{}", "null", "'")
TEXTS += ("\u202e", "\ufeff", "é" * 50, "a.b", "A" * 22 + "." + "B" * 22, "x" * 100_000)
NUMBERS = (0, 1, -1, 2, 7, 63, 64, 65, 255, 256, 2**31, -(2**31), 2**53, 2**63 - 1, -(2**63))
REALS = (0.0, -0.0, 0.5, 1.0, 1e-320, 1e308, -1e308, float("inf"), float("-inf"), float("nan"))
COLOR = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"(\S+\.py)(?::\d+|\", line \d+,) in (\S+)")
NOT_ASKED_FOR = re.compile(rb"Segment all|Get slices|Use all|get-sandstone")
PATIENCE_S = 60.0
FRAGMENT_S = 8.0  # one that is not there any more is passed over without a word
NO_ANSWER_S = 2.0  # to what Streamlit cannot read: it says nothing then
PER_VISIT = 60  # messages, then another visitor comes
WARM = 1000  # messages after which the memory is looked at first
EACH = 1000  # messages, then the result is written
LOOK_EVERY_S = 15.0


class Nonsense:
    """One visitor after the other who sends what is made up."""

    def __init__(self, port: int, seed: str):
        self.port, self.random = port, random.Random(seed)
        self.kinds, self.errors = Counter(), Counter()
        self.socket, self.left = None, 0
        self.widgets, self.fragments, self.hash, self.patience_s = [], [], "", PATIENCE_S

    def send(self) -> None:
        """Send one message, and wait for what a browser would wait for."""
        if self.left <= 0 or self.socket is None:
            self._come()
        self.left, self.patience_s = self.left - 1, PATIENCE_S
        n_errors = self.errors.total()
        make = self.random.choices((self._address, self._value, self._other), (45, 48, 7))[0]
        try:
            waits = make()
            if waits:
                self._listen()
            if self.errors.total() > n_errors:
                self.left = 0  # what broke this visit would break all that follows in it
        except (ConnectionClosed, TimeoutError) as error:
            self.kinds[type(error).__name__] += 1
            self.leave()

    def leave(self) -> None:
        """Close the tab."""
        socket, self.socket = self.socket, None
        if socket is not None:
            socket.close()

    def _come(self) -> None:
        self.leave()
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        self.socket = connect(
            address, subprotocols=["streamlit"], max_size=None, open_timeout=120, legacy=True
        )
        self.left, self.widgets, self.fragments = PER_VISIT, [], []

    def _address(self) -> bool:
        self.kinds["address"] += 1
        message = BackMsg()
        rerun = message.rerun_script
        rerun.page_name = self.random.choice((*PAGES, *PAGES, "nowhere", "../train", "x" * 5000))
        rerun.query_string = self._query()
        if self.random.random() < 0.1:
            rerun.page_script_hash = self.random.choice(("", "0" * 32, "x" * 1000))
        self.widgets, self.fragments = [], []
        self.socket.send(message.SerializeToString())
        return True

    def _query(self) -> str:
        pairs = [(self._key(), self._text()) for _ in range(self.random.choice((0, 1, 2, 3, 9)))]
        if self.random.random() < 0.5:
            pairs.append(("sample", "phantom"))
        if self.random.random() < 0.01:
            pairs += [("hidden", str(n)) for n in range(20_000)]
        quoted = [f"{quote(key)}={quote(value)}" for key, value in pairs]
        if self.random.random() < 0.1:
            quoted.append("%ff%fe=%c3%28&=&&a=%")
        return "&".join(quoted)

    def _key(self) -> str:
        return self.random.choice(KEYS) if self.random.random() < 0.95 else self._text()[:200]

    def _text(self) -> str:
        if self.random.random() < 0.2:
            return "".join(chr(self.random.randrange(1, 0xD7FF)) for _ in range(8))
        return self.random.choice(TEXTS)

    def _value(self) -> bool:
        self.kinds["widget"] += 1
        message = BackMsg()
        rerun = message.rerun_script
        rerun.page_script_hash = self.hash
        if self.fragments and self.random.random() < 0.6:
            rerun.fragment_id = self.random.choice(self.fragments)
            self.patience_s = FRAGMENT_S
        elif self.random.random() < 0.05:
            rerun.fragment_id, self.patience_s = "0" * 64, NO_ANSWER_S
        for _ in range(self.random.choice((1, 1, 2, 5))):
            name = self.random.choice(self.widgets or ["$$ID-made-up-nothing"])
            if self.random.random() < 0.1:
                name = f"$$STREAMLIT_INTERNAL_KEY_{name}__events"
            self._fill(rerun.widget_states.widgets.add(id=name))
        self.socket.send(message.SerializeToString())
        return True

    def _fill(self, state: object) -> None:
        """Put a value of any type into the state of a widget."""
        draw = self.random.choice
        n = draw((0, 1, 2, 3, 50))
        fillings = {
            "trigger_value": lambda: True,
            "bool_value": lambda: draw((True, False)),
            "double_value": lambda: draw(REALS),
            "int_value": lambda: draw(NUMBERS),
            "string_value": self._text,
            "bytes_value": lambda: os.urandom(n),
            "json_value": self._json,
            "json_trigger_value": self._json,
        }
        lists = {
            "double_array_value": lambda: draw(REALS),
            "int_array_value": lambda: draw(NUMBERS),
            "string_array_value": self._text,
        }
        kind = draw((*fillings, *lists))
        if kind in fillings:
            setattr(state, kind, fillings[kind]())
        else:
            getattr(state, kind).data.extend(lists[kind]() for _ in range(n))
            getattr(state, kind).SetInParent()

    def _json(self) -> str:
        draw = self.random.choice
        inner = draw((None, [], {}, [1, 2], [0, 99], "x", draw(NUMBERS), draw(REALS), [[[[]]]]))
        names = (
            "z",
            "step",
            "marker",
            "pressed",
            "shape",
            "look",
            "events",
            "event",
            "value",
            "tab",
        )
        whole = {draw(names): inner for _ in range(draw((0, 1, 3)))}
        return draw(
            (json.dumps(whole), json.dumps([whole]), json.dumps(inner), "{", "[" * 5000, "")
        )

    def _other(self) -> bool:
        self.kinds["other"] += 1
        message = BackMsg()
        kind = self.random.choice(("stop", "git", "files", "beat", "bytes"))
        if kind == "bytes":
            self.socket.send(self.random.randbytes(self.random.choice((1, 20, 5000))))
            return False
        if kind == "stop":
            message.stop_script = True
        elif kind == "git":
            message.load_git_info = True
        elif kind == "beat":
            message.app_heartbeat = True
        else:
            message.file_urls_request.request_id = self._text()
            message.file_urls_request.file_names.extend(self._text()[:500] for _ in range(3))
            message.file_urls_request.session_id = self._text()[:500]
        self.socket.send(message.SerializeToString())
        return False

    def _listen(self) -> None:
        """Read until the run is over; note widgets, and what went wrong."""
        found, fragments = set(), set()
        while True:
            raw = self.socket.recv(self.patience_s)
            message = ForwardMsg()
            message.ParseFromString(raw)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.hash = message.new_session.page_script_hash
            if kind == "delta":
                element = message.delta.new_element
                if element.WhichOneof("type") == "exception":
                    self.errors[f"{element.exception.type}"] += 1
                fragments |= {message.delta.fragment_id} - {""}
                if not NOT_ASKED_FOR.search(raw):
                    found |= _ids(message.delta)
            if kind == "script_finished" and message.script_finished != (
                ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                break
        self.widgets = sorted({*found, *self.widgets})[:300]
        self.fragments = sorted({*fragments, *self.fragments})[:50]


def _ids(delta: Delta) -> set[str]:
    """Return by what names the widgets of a message are spoken to."""
    part = delta.new_element if delta.WhichOneof("type") == "new_element" else delta.add_block
    return {getattr(value, "id", "") for _, value in part.ListFields()} - {""}


class Watcher(threading.Thread):
    """An honest visitor who opens one page after the other, each time anew."""

    def __init__(self, port: int):
        super().__init__(daemon=True)
        self.port, self.is_over = port, threading.Event()
        self.n_looks, self.seen, self.slowest_s = 0, [], 0.0

    def run(self) -> None:
        while not self.is_over.wait(LOOK_EVERY_S / len(PAGES)):
            self.look(PAGES[self.n_looks % len(PAGES)])

    def look(self, page: str) -> None:
        """Open a page as everybody would, and note what is wrong with it."""
        visitor = Nonsense(self.port, "")
        visitor._come()
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = "sample=phantom"
        start = time.monotonic()
        visitor.socket.send(message.SerializeToString())
        try:
            visitor._listen()
        except (ConnectionClosed, TimeoutError) as error:
            visitor.errors[type(error).__name__] += 1
        visitor.leave()
        self.slowest_s = max(self.slowest_s, time.monotonic() - start)
        self.n_looks += 1
        self.seen += [f"{page}: {error}" for error in visitor.errors]
        if not visitor.widgets:
            self.seen.append(f"{page}: nothing on it")


def measure(port: int) -> dict[str, float]:
    """Return what the server holds: memory in MB, files, threads, processes."""
    option = f"--server.port={port}"
    processes = psutil.process_iter(["cmdline"])
    server = next(one for one in processes if option in (one.info["cmdline"] or []))
    return {
        "resident_mb": round(server.memory_info().rss / 1e6),
        "open_files": server.num_fds(),
        "threads": server.num_threads(),
        "processes": len(server.children(recursive=True)),
    }


def our_errors(log: str) -> dict[str, dict[str, int]]:
    """Return how often each error came out of this project's code, and out of its packages."""
    found = {"ours": Counter(), "packages": Counter()}
    frames = []
    for line in COLOR.sub("", log).splitlines():
        if frame := FRAME.search(line):
            frames.append(frame)
        elif frames and (error := re.match(r"[\w.]*(Error|Exception)\b.*", line)):
            path, name = frames[-1][1], frames[-1][2]
            is_ours = re.search(r"/(pages|sandseg)/|/app.py", path) and "/lib/" not in path
            whose = "ours" if is_ours else "packages"
            place = "/".join(Path(path).parts[-3:])
            found[whose][f"{place} in {name}: {error[0]}"[:200]] += 1
            frames = []
    return {whose: dict(errors.most_common(30)) for whose, errors in found.items()}


def work(sender: Nonsense, n: int) -> None:
    """Send so many messages."""
    for _ in range(n):
        sender.send()
    sender.leave()


def run(n_messages: int, seed: int, n_senders: int, log_path: Path) -> None:
    """Send messages to a server of its own, and keep what was seen."""
    with served._served(log_path) as app:
        port = urlsplit(app.url).port
        senders = [Nonsense(port, f"{seed} {i}") for i in range(n_senders)]
        watcher = Watcher(port)
        for page in PAGES:
            watcher.look(page)
        _share(senders, WARM)
        before, start = _settled(watcher), time.monotonic()
        watcher.start()
        for n_sent in range(WARM, n_messages + 1, EACH):
            _share(senders, min(EACH, n_messages - n_sent))
            found = {
                "messages": min(n_sent + EACH, n_messages),
                "seed": seed,
                "minutes": round((time.monotonic() - start) / 60, 1),
                "kinds": dict(sum((one.kinds for one in senders), Counter())),
                "errors_on_the_senders_own_pages": sum(one.errors.total() for one in senders),
                "looks_of_the_watcher": watcher.n_looks,
                "errors_the_watcher_saw": watcher.seen[:50],
                "slowest_look_s": round(watcher.slowest_s, 1),
                "before": before,
                "after": _settled(watcher),
                "raised_by": our_errors(app.log()),
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            write_bytes(RESULT, (json.dumps(found, indent=1) + "\n").encode())
        watcher.is_over.set()
        watcher.join(PATIENCE_S)


def _share(senders: list[Nonsense], n_messages: int) -> None:
    each = [
        n_messages // len(senders) + (i < n_messages % len(senders)) for i in range(len(senders))
    ]
    threads = [threading.Thread(target=work, args=pair) for pair in zip(senders, each, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _settled(watcher: Watcher) -> dict[str, float]:
    """Measure once those who left are forgotten: that happens when somebody comes."""
    for _ in range(3):
        time.sleep(3)
        watcher.look("segment")
    return measure(watcher.port)


def main() -> None:
    """Send the messages and keep what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--senders", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-addresses-") as folder:
        os.environ |= {
            "SANDSEG_WORK": f"{folder}/work",
            "SANDSEG_RUNS": f"{folder}/runs",
            "SANDSEG_TRAINING_TOKEN": os.urandom(16).hex(),
            "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
            "COLUMNS": "300",  # tracebacks with whole paths
        }
        run(args.messages, args.seed, args.senders, Path(folder) / "log")
    print(RESULT.read_text())


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
