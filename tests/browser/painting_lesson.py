"""A lesson that keeps strokes in memory, on a made-up rock; the routes are the app's own."""

import asyncio
import io
import json
import struct
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from pages.components.painting.tickets import Look

SHAPE = (6, 1024, 996)
WAIT_S = 5.0

IMPORTED = {"id": "import-1", "do": "import", "file": "strokes-a.npz"}


class Lesson:
    """Keeps strokes in memory, and learns nothing but where a slice is darker than its middle."""

    def __init__(self):
        self.events: list[Any] = []
        self.version = 0

    def add(self, events: list[Any], known: int) -> dict[str, Any]:
        """Keep events that are new."""
        ids = {event["id"] for event in self.events}
        self.events += [event for event in events if event["id"] not in ids]
        return self.since(known)

    def since(self, known: int) -> dict[str, Any]:
        """Return the events after the first `known` ones."""
        return {"n": len(self.events), "events": self.events[known:], "refused": []}

    def imported(self, file: str) -> dict[int, np.ndarray] | None:
        """Return a square of class 4 on slice 2."""
        values = np.zeros(SHAPE[1:], np.uint8)
        values[500:600, 400:500] = 4
        return {2: values} if file == IMPORTED["file"] else None

    async def news(self, _who: str, look: Look, have: int) -> bytes | None:
        """Wait for more events."""
        for _ in range(int(WAIT_S / 0.1)):
            if len(self.events) > have:
                return answer(look.z, len(self.events))
            await asyncio.sleep(0.1)
        return None


def answer(z: int, version: int) -> bytes:
    """Return labels of a slice as the route gives them."""
    grey = rock(z)
    labels = np.digitize(ndimage.gaussian_filter(grey.astype(np.float32), 1.5), [48, 104, 180])
    png = encoded(labels.astype(np.uint8), "PNG")
    header = {
        "version": version,
        "n": version,
        "z": z,
        "box": [0, 0, SHAPE[2], SHAPE[1]],
        "step": 1,
        "isWhole": True,
        "next": {"z": 2, "y": 300, "x": 600},
        "lengths": [len(png)],
    }
    head = json.dumps(header).encode()
    return struct.pack("<I", len(head)) + head + png


@cache
def rock(z: int) -> np.ndarray:
    """Return grey values of slice z, (Y, X) uint8."""
    rng = np.random.default_rng(z)
    field = ndimage.gaussian_filter(rng.standard_normal(SHAPE[1:]), 18) * 63
    labels = np.select([field < -1.05, field < -0.75], [0, 1], 2)  # no pyrite: it is painted
    noise = ndimage.gaussian_filter(rng.normal(0, 22, SHAPE[1:]), 0.8)
    return np.clip(np.array([14, 83, 125])[labels] + noise, 0, 255).astype(np.uint8)


def encoded(image: np.ndarray, kind: str) -> bytes:
    """Return a picture as bytes."""
    out = io.BytesIO()
    Image.fromarray(image).save(out, kind)
    return out.getvalue()


lessons: dict[str, Lesson] = {}  # by name
