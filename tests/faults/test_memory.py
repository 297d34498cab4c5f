"""Small files of any content: the server's memory stays, and others are served meanwhile."""

import threading
import time

import nasty
import psutil
import pytest
from visitor import Visitor

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

MOST_MB = 200  # that the server grows by
MOST_S = 1.0  # for a page of somebody else, on a machine that does nothing else


class Others:
    """Somebody who looks at a page all the time: how long it takes at the most, and the memory."""

    def __init__(self, server):
        self._visitor = Visitor(server.port, "", "")
        self._process = psutil.Process(server.process.pid)
        self._over, self._threads = threading.Event(), []
        self.longest_s = self.peak_mb = 0.0

    def __enter__(self):
        self.begin_mb = self.peak_mb = self._process.memory_info().rss / 1e6
        for work in (self._look, self._follow):
            self._threads.append(threading.Thread(target=work))
            self._threads[-1].start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._visitor.leave()

    @property
    def grown_mb(self):
        return self.peak_mb - self.begin_mb

    def _look(self):
        while not self._over.wait(0.2):
            start = time.perf_counter()
            assert self._visitor.open().says("Sandstone, segmented.")
            self.longest_s = max(self.longest_s, time.perf_counter() - start)

    def _follow(self):
        while not self._over.wait(0.02):
            self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)


# A slice that is looked at whole: the budget counts what it takes, and its network, before.
COUNTED_MB = {"large.tif": 50e-6 * 4000**2 + 200, "doubles.tif": 32e-6 * 4000**2}
AS_LABELS = ("zeros.tif", "large.tif", "same-size.tif", "many.tif", "many.zip", "twice.zip")


def send(port, page, query, name, content):
    """Send a file as a stack, or as labels of one."""
    with Visitor(port, page, query) as visitor:
        visitor.open().upload(name, content, which=int(page == "evaluate"))
        assert not visitor.widget("exception"), visitor.texts()


def test_small_files_of_any_content_leave_memory_and_time_to_others(serve, record_property):
    server, files = serve(), nasty.files()
    for page, query in (("segment", ""), ("evaluate", "sample=phantom")):  # what is loaded but once
        send(server.port, page, query, "usual.tif", nasty.stripes(2, 300, 300))
    with Others(server) as quiet:
        time.sleep(5)
    sent = [("segment", "", name) for name in files]
    sent += [("evaluate", "sample=phantom", name) for name in AS_LABELS]
    too_much = {}
    for page, query, name in sent:
        assert len(files[name]) < 10**7, name
        with Others(server) as others:
            send(server.port, page, query, name, files[name])
        facts = f"{others.grown_mb:.0f} MB, {others.longest_s:.2f} s"
        record_property(f"{page} {name}", facts)
        most_mb = MOST_MB + (COUNTED_MB.get(name, 0) if page == "segment" else 0)
        if others.grown_mb > most_mb or others.longest_s > MOST_S + 10 * quiet.longest_s:
            too_much[page, name] = facts
    assert not too_much
    assert server.seconds_to_answer() < 2
