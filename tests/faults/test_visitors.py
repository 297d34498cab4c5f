"""Many visitors, and visitors who are not what they seem."""

import http.client
import io
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
import tifffile
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from visitor import Visitor, is_uploader, stream, tiff_bytes
from websockets.sync.client import connect

pytestmark = pytest.mark.fault

N_VISITORS = 100
AT_ONCE = 10
LET_GO_S = 60
GROWTH = 1.1  # of memory, once everybody has gone
MB = 2**20


def visit(server, n):
    """Let so many visitors come, look at a page, move a slider, and go."""
    with ExitStack() as tabs:

        def come(i):
            visitor = Visitor(server.port, "segment", "sample=phantom")
            tabs.callback(visitor.leave)
            visitor.open().move(1 + i % 8)
            return bool(visitor.widget("exception"))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            assert not any(pool.map(come, range(n)))


def test_a_hundred_visitors_come_and_go_and_memory_comes_back(serve):
    server = serve(disconnectedSessionTTL=1)
    visit(server, N_VISITORS // 2)  # what all share is in memory from here on
    time.sleep(2)
    visit(server, 2)
    before = server.resident_mb()

    visit(server, N_VISITORS)
    time.sleep(2)
    visit(server, 2)  # the forgotten ones are let go of when somebody comes

    assert server.resident_mb() < GROWTH * before
    assert server.seconds_to_answer() < 2


@pytest.mark.parametrize(
    ("page", "answer"),
    [
        ("segment", "Porosity of the rock"),
        ("browse", "peak at"),
        ("evaluate", "expected calibration error"),
        ("compare", "of the pixels"),
    ],
)
def test_a_moved_slider_redraws_what_follows_the_slice_and_no_more(serve, page, answer):
    server = serve()
    with Visitor(server.port, page, "sample=phantom") as visitor:
        assert any(is_uploader(element) for element, _ in visitor.open().drawn)

        said = visitor.move(9).texts(among=visitor.drawn)

        assert any(answer in text for text in said), said
        assert not any(is_uploader(element) for element, _ in visitor.drawn)
        assert not visitor.widget("exception")


def test_beside_a_slice_that_cannot_be_shown_the_next_one_is_whole(serve):
    stack = np.random.default_rng(0).random((3, 96, 96), np.float32)
    stack[1] = np.nan  # the middle one, which is shown first
    file = io.BytesIO()
    tifffile.imwrite(file, stack, photometric="minisblack")
    server = serve()
    with Visitor(server.port, "segment", "sample=phantom") as visitor:
        assert not visitor.open().upload("holes.tif", file.getvalue()).says("Porosity of the rock")

        assert visitor.move(1).says("Porosity of the rock"), visitor.texts()


def test_two_tabs_of_one_visitor_do_not_disturb_each_other(serve):
    server = serve()
    with Visitor(server.port, "segment", "sample=phantom") as first:
        first.open()
        with Visitor(server.port, "segment", "sample=phantom") as second:
            second.open()
            first.upload("mine.tif", tiff_bytes(96, 96))
            assert first.says("1 slice of")
            assert second.move(11, "Slice").says("Porosity of the rock")
            assert not second.says("1 slice of")
        assert first.open().says("Porosity of the rock")


def test_two_tabs_on_one_session_are_both_served(serve):
    server = serve()
    with Visitor(server.port, "segment", "sample=phantom") as first:
        first.open()
        with Visitor(server.port, "browse", "sample=phantom", first.session) as second:
            second.open()
            assert second.texts()
            assert not second.widget("exception")
        with Visitor(server.port, "segment", "sample=phantom", first.session) as again:
            assert again.open().says("Porosity of the rock")
    assert server.seconds_to_answer() < 2


def test_a_tab_that_lost_its_connection_finds_its_choices_again(serve):
    server = serve()
    first = Visitor(server.port, "segment", "sample=phantom").open()
    session = first.session
    first.leave()

    with Visitor(server.port, "segment", "sample=phantom", session=session) as again:
        again.open()

        assert again.session == session
        assert again.says("Porosity of the rock")


def send_part_of_a_file(server, visitor):
    """Announce 50 MB, send one, and hang up."""
    body = stream("scan.tif", bytes(50 * MB))
    lines = [f"PUT {visitor.upload_address()} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in visitor.token().items()]
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body[: MB + 100])


def test_uploads_that_break_off_leave_nothing_behind(serve):
    server = serve()
    with Visitor(server.port, "segment") as visitor:
        visitor.open()
        send_part_of_a_file(server, visitor)
        before = server.resident_mb()
        for _ in range(10):
            assert visitor.tell_of_upload().says("The upload broke off")
            send_part_of_a_file(server, visitor)
        time.sleep(1)

        assert server.resident_mb() < before + 60  # not the 500 MB announced
        assert not kept_files(server)
        assert visitor.open().says("Porosity of the rock")
        assert server.seconds_to_answer() < 2


def test_an_upload_that_lasts_when_its_visit_ends_goes_with_it(serve):
    server = serve(disconnectedSessionTTL=1)
    with Visitor(server.port, "segment") as visitor:
        address, token = visitor.open().upload_address(), visitor.token()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("PUT", address)
    content = stream("scan.tif", bytes(4 * MB))
    for name, value in {**token, "Content-Length": len(content)}.items():
        connection.putheader(name, value)
    connection.endheaders(content[: 2 * MB])
    time.sleep(2)
    visit(server, 2)  # the forgotten ones are let go of when somebody comes
    assert kept_files(server)  # not under the upload
    connection.send(content[2 * MB :])
    assert connection.getresponse().status == 204
    connection.close()

    end = time.monotonic() + LET_GO_S
    while kept_files(server) and time.monotonic() < end:
        visit(server, 2)
    assert not kept_files(server)


def kept_files(server):
    """What lies in the folders of visitors, of bytes that count: their marks are empty."""
    return [path for path in server.work.rglob("*") if path.is_file() and path.stat().st_size]


def test_uploads_need_the_token_a_ticket_and_a_bearable_size(serve):
    server = serve({"SANDSEG_MAX_UPLOAD": "1e6"})
    good, large = stream("scan.tif", tiff_bytes(64, 64)), stream("scan.tif", bytes(3 * MB))
    with Visitor(server.port, "segment") as visitor:
        address = visitor.open().upload_address()

        assert visitor.put(address, good, **{"X-Xsrftoken": "guessed"}) == 403
        assert visitor.put(address[:-1] + "~", good) == 404
        assert visitor.put(address, large) in (413, 0)
        assert visitor.tell_of_upload().says("at most 1 MB can be sent")
        assert visitor.put(visitor.upload_address(), good) == 204
        assert visitor.put(visitor.upload_address(), good) == 404  # it was good for one
        assert visitor.tell_of_upload().says("1 slice of")


def test_the_way_that_holds_uploads_in_memory_is_shut(serve):
    server = serve()
    with Visitor(server.port, "segment") as visitor:
        visitor.open()
        address = f"/_stcore/upload_file/{visitor.session}/some-file"

        assert visitor.put(address, bytes(MB)) == 413


def test_a_file_name_is_shown_as_it_is_and_never_becomes_a_part_of_the_page(serve):
    server = serve()
    with Visitor(server.port, "segment") as visitor:
        visitor.open().upload("<img src=x onerror=alert(1)>.tif", b"no TIFF")

        assert visitor.says("<img src=x onerror"), visitor.texts()
        named = [text for text in visitor.texts(is_raw=True) if "onerror" in text]
        assert not [text for text in named if "<img" in text.replace("\\<", "")]


def test_pages_of_other_sites_cannot_talk_to_the_server(serve):
    server = serve()

    with (
        pytest.raises(websockets.exceptions.InvalidStatus, match="403"),
        connect(
            f"ws://127.0.0.1:{server.port}/_stcore/stream",
            subprotocols=["streamlit"],
            origin="https://elsewhere.example",
        ),
    ):
        pass


def test_a_visitor_cannot_shut_the_server_down_or_break_it_with_nonsense(serve):
    server = serve()
    stop = BackMsg()
    stop.debug_shutdown_runtime = True
    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    with connect(address, subprotocols=["streamlit"]) as socket_:
        socket_.send(stop.SerializeToString())
    with Visitor(server.port) as visitor:
        for query in ("sample=../../etc/passwd", "model=%00", "slice=1e999", "page=%3Cscript%3E"):
            for page in visitor.pages or visitor.open().pages:
                visitor.open(page, query)
                assert not visitor.widget("exception"), (page, query, visitor.texts())
                assert not visitor.says("root:")

    assert server.process.poll() is None
    assert server.seconds_to_answer() < 2
