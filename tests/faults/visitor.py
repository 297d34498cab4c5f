"""A visitor without a browser: speaks the server's own protocol, sees texts, presses buttons."""

import contextlib
import http.client
import io
import json
import time

import numpy as np
import tifffile
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

RUN_TIMEOUT_S = 300  # a class that uploads at once on a small and busy machine
FOR_RERUN = ForwardMsg.FINISHED_EARLY_FOR_RERUN
OF_FRAGMENT = ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
TEXTS = {"alert": "body", "markdown": "body", "heading": "body", "text": "body", "progress": "text"}


class Visitor:
    """One tab. `elements` are those on the page, each with the fragment it belongs to, `drawn`
    those of the last run alone; `pages` are the addresses in the menu, `session` is the id the
    server gave it; `key` is the one of its browser, as a page's cookie has it.
    """

    def __init__(
        self, port: int, page: str = "", query: str = "", session: str = "", key: str = ""
    ):
        self.port, self.page, self.query = port, page, query
        self.pages, self.session, self.cookie = [], "", ""
        self._elements, self._drawn = {}, set()  # by their paths on the page; of the last run
        protocols = ["streamlit", "no-token", session] if session else ["streamlit"]
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self._tab = contextlib.ExitStack()
        self._socket = self._tab.enter_context(
            connect(
                address,
                subprotocols=protocols,
                max_size=None,
                open_timeout=RUN_TIMEOUT_S,
                additional_headers={"Cookie": f"sandseg_key={key}"} if key else {},
            )
        )

    @property
    def elements(self) -> list[tuple]:
        """What stands on the page, from its top, each with the fragment it belongs to."""
        return [self._elements[path] for path in sorted(self._elements)]

    @property
    def drawn(self) -> list[tuple]:
        """What the last run drew."""
        return [self._elements[path] for path in sorted(self._drawn)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    def leave(self):
        """Close the tab."""
        self._tab.close()

    def open(self, page: str | None = None, query: str | None = None) -> "Visitor":
        """Open a page by its address."""
        self.page = self.page if page is None else page
        self.query = self.query if query is None else query
        return self._run()

    def texts(self, is_raw: bool = False, among: list[tuple] | None = None) -> list[str]:
        """Everything the page says, without the escapes of Markdown unless raw."""
        found = []
        for element, _ in self.elements if among is None else among:
            kind = element.WhichOneof("type")
            if kind == "exception":
                found.append(f"{element.exception.type}: {element.exception.message}")
            if kind in TEXTS:
                text = getattr(getattr(element, kind), TEXTS[kind])
                found.append(text if is_raw else text.replace("\\", ""))
        return found

    def says(self, text: str) -> bool:
        """Whether a text stands somewhere on the page."""
        return any(text in said for said in self.texts())

    def widget(self, kind: str, label: str = ""):
        """The first widget of a kind whose label begins so, and its fragment; None without."""
        for element, fragment in self.elements:
            if element.WhichOneof("type") == kind:
                found = getattr(element, kind)
                if getattr(found, "label", "").startswith(label):
                    return found, fragment
        return None

    def press(self, label: str) -> "Visitor":
        """Press a button."""
        button, fragment = self.widget("button", label)
        return self._run(button.id, fragment, trigger_value=True)

    def move(self, value: float, label: str = "") -> "Visitor":
        """Move a slider."""
        slider, fragment = self.widget("slider", label)
        return self._run(slider.id, fragment, double_array_value=[value])

    def upload(self, name: str, content: bytes) -> "Visitor":
        """Drop a file on the first uploader."""
        self.put(self.upload_address(), stream(name, content))
        return self.tell_of_upload()

    def upload_address(self) -> str:
        """Where the first uploader sends files."""
        return json.loads(self._uploader()[0].json)["address"]

    def tell_of_upload(self, how: str = "sent") -> "Visitor":
        """Say that the upload is over, as the uploader does."""
        uploader, fragment = self._uploader()
        events = f"$$STREAMLIT_INTERNAL_KEY_{uploader.id}__events"
        return self._run(
            events, fragment, json_trigger_value=json.dumps([{"event": how, "value": True}])
        )

    def _uploader(self):
        for element, fragment in self.elements:
            if is_uploader(element):
                return element.bidi_component, fragment
        raise AssertionError(f"no uploader; the page says {self.texts()}")

    def put(self, address: str, content: bytes, **headers: str) -> int:
        """Send bytes as a browser does; return the answer's status, 0 where it hung up before."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=RUN_TIMEOUT_S)
        try:
            connection.request("PUT", address, content, {**self.token(), **headers})
            return connection.getresponse().status
        except (ConnectionResetError, BrokenPipeError):
            return 0
        finally:
            connection.close()

    def token(self) -> dict[str, str]:
        """The header and the cookie an upload needs, as the app's own page gets them."""
        if not self.cookie:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=RUN_TIMEOUT_S)
            connection.request("GET", "/_stcore/health")
            self.cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
            connection.close()
        return {"Cookie": self.cookie, "X-Xsrftoken": self.cookie.partition("=")[2]}

    def wait(self, is_so, timeout_s: float, every_s: float = 0.5):
        """Look at the page again until something is so."""
        end = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < end, f"never so; the page says {self.texts()}"
            time.sleep(every_s)
            self.open()
        return self

    def _run(self, widget_id: str = "", fragment: str = "", **value) -> "Visitor":
        ask = BackMsg()
        rerun = ask.rerun_script
        rerun.page_name, rerun.query_string, rerun.fragment_id = self.page, self.query, fragment
        if widget_id:
            state = rerun.widget_states.widgets.add(id=widget_id)
            for kind, given in value.items():
                if kind == "double_array_value":
                    state.double_array_value.data.extend(given)
                else:
                    setattr(state, kind, given)
        self._socket.send(ask.SerializeToString())
        return self._until_finished(fragment)

    def _until_finished(self, fragment: str) -> "Visitor":
        fragments = {fragment}
        while True:
            message = self._receive()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
                self._drawn.clear()
            if kind == "navigation":
                self.pages = [page.url_pathname for page in message.navigation.app_pages]
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                path, fragment = tuple(message.metadata.delta_path), message.delta.fragment_id
                self._elements[path] = message.delta.new_element, fragment
                self._drawn.add(path)
                fragments.add(fragment)
            if kind == "script_finished" and message.script_finished != FOR_RERUN:
                is_part = message.script_finished == OF_FRAGMENT
                for path, (_, fragment) in list(self._elements.items()):
                    if path not in self._drawn and (not is_part or fragment in fragments):
                        del self._elements[path]
                return self

    def _receive(self) -> ForwardMsg:
        message = ForwardMsg()
        message.ParseFromString(self._socket.recv(RUN_TIMEOUT_S))
        return message


def is_uploader(element) -> bool:
    """Whether an element of a page takes files."""
    return element.bidi_component.component_name == "sandseg_uploader"


def stream(name: str, content: bytes) -> bytes:
    """The body of an upload."""
    return json.dumps([[name, len(content)]]).encode() + b"\n" + content


def tiff_bytes(*shape: int) -> bytes:
    """A TIFF of noise."""
    file = io.BytesIO()
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    tifffile.imwrite(file, image, photometric="minisblack")
    return file.getvalue()
