"""A class of thirty, each with a slice of their own, all at once; and one with many of them."""

import contextlib
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nasty
import numpy as np
import psutil
import pytest
import tifffile
from visitor import Visitor, stream, tiff_bytes

from sandseg.data.samples import open_sample
from sandseg.uploads.turns import QUANTUM_S

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]  # a busy machine takes its time

N_STUDENTS = 30
APART_S = 0.2  # between one student's press and the next's
MOST_MB = 1500


def slices_of_rock(n):
    """So many different slices of 1024 x 1024, 16-bit as from another scanner."""
    phantom = open_sample("phantom")
    for i in range(n):
        image = np.tile(phantom.read_slice(i % phantom.n_slices), (4, 4)).astype(np.uint16)
        handle = io.BytesIO()
        tifffile.imwrite(handle, np.roll(image, i, axis=1) * 40 + 9000, compression="zlib")
        yield handle.getvalue()


class Watch:
    """Follows the memory of a server and of all its processes; MB, the highest seen."""

    def __init__(self, pid):
        self.server = self.together = 0.0
        self._process, self._is_over = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def _follow(self):
        while not self._is_over.wait(0.1):
            own, others = self._process.memory_info().rss, 0
            for child in self._process.children(recursive=True):
                try:
                    others += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.server = max(self.server, own / 1e6)
            self.together = max(self.together, (own + others) / 1e6)


def segment_own(port, i, content, start):
    """Upload a slice at the student's turn; return when it was asked for and when it stood."""
    with Visitor(port, "segment") as student:
        student.open()
        start.wait()
        time.sleep(i * APART_S)
        asked = time.monotonic()
        student.upload(f"student{i}.tif", content)
        stood = time.monotonic()
        assert not student.widget("exception"), student.texts()
        assert student.says("1 slice of 1024"), student.texts()
        assert student.says("Porosity of the rock"), student.texts()
        return asked, stood


def place_of(values):
    return np.argsort(np.argsort(values))


@pytest.mark.parametrize("kind", ["different", "the same"])
def test_a_class_with_slices_of_their_own_is_served_in_turn_within_bounded_memory(
    serve, kind, record_property
):
    server = serve()
    contents = list(slices_of_rock(N_STUDENTS if kind == "different" else 1)) * N_STUDENTS
    start = threading.Barrier(N_STUDENTS)

    with Watch(server.process.pid) as memory, ThreadPoolExecutor(N_STUDENTS) as pool:
        futures = [
            pool.submit(segment_own, server.port, i, contents[i], start) for i in range(N_STUDENTS)
        ]
        asked, stood = np.transpose([future.result() for future in futures])

    out_of_turn = int(np.abs(place_of(asked) - place_of(stood)).max())
    record_property("seconds_in_all", round(float(np.ptp([*asked, *stood])), 1))
    record_property("longest_wait_s", round(float((stood - asked).max()), 1))
    record_property("places_out_of_turn", out_of_turn)
    record_property("server_mb", round(memory.server))
    record_property("with_its_processes_mb", round(memory.together))
    assert memory.server < MOST_MB
    assert out_of_turn <= N_STUDENTS // 5


def test_a_small_file_does_not_wait_for_four_zips_of_ten_thousand_slices(serve, record_property):
    server = serve()
    one = nasty.tiff([np.arange(64, dtype=np.uint8).reshape(8, 8)])
    large = nasty.zipped({f"slice{i:05d}.tif": one for i in range(10_000)})

    def upload(content, name="small.tif"):
        with Visitor(server.port, "segment") as student:
            student.open()
            start = time.monotonic()
            student.upload(name, content)
            assert student.says("1 slice of"), student.texts()
            return time.monotonic() - start

    alone = [upload(tiff_bytes(200, 200 + i)) for i in range(3)][-1]
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(4))
        stack.callback(server.kill)  # nobody waits for what is left of them
        greedy = [stack.enter_context(Visitor(server.port, "segment").open()) for _ in range(4)]
        for visitor in greedy:
            visitor.put(visitor.upload_address(), stream("large.zip", large))
        ends = [pool.submit(visitor.tell_of_upload) for visitor in greedy]
        while len(psutil.Process(server.process.pid).children()) < 4:  # all of them have begun
            assert not any(end.done() for end in ends)
            time.sleep(0.1)

        together = upload(tiff_bytes(200, 300))

        assert not any(end.done() for end in ends)
    record_property("alone_s", round(alone, 1))
    record_property("beside_them_s", round(together, 1))
    assert together < 5 * alone + 2 * QUANTUM_S
