"""Label values as they stand in a TIFF."""

import numpy as np

from sandseg.classes import OWN_LABELS
from sandseg.errors import FILE, LabelError
from sandseg.scan.choices import Selection
from sandseg.scan.colors import is_grey
from sandseg.scan.damage import reading
from sandseg.scan.labels.colors import (
    Colors,
    ColorTally,
    decode_colors,
    decode_one_hot,
    is_one_hot,
    see_through,
)
from sandseg.scan.limits import StackLimits
from sandseg.scan.source import Source
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import OpenTiff


def open_tiff_values(
    source: Source, n_classes: int, limits: StackLimits, colors: Colors, tally: ColorTally
) -> tuple[Stack, bool]:
    """Open a label TIFF as a stack of the values in it, and tell if they are labels already.

    Raises:
        StackError: It is missing, damaged or too large.
    """
    tiff = OpenTiff(source, limits)
    try:
        channels = tiff.layout.choices.channel.names
        if len(channels) > 1 and _read_raw(tiff, 0).ndim == 2:
            tiff.close()
            return _one_hot_stack(source, len(channels), n_classes, limits), True
        is_colored = any(not is_grey(_read_raw(tiff, z)) for z in range(tiff.shape[0]))
        info = (tiff.tif.imagej_metadata or {}).get("Info", "") if tiff.tif.is_imagej else ""
        is_own = str(info).startswith(OWN_LABELS)
        first = tiff.layout.first
        dtype = np.dtype(np.uint8) if is_colored or first.dtype.kind == "b" else first.dtype
    except BaseException:
        tiff.close()
        raise

    def read(z: int) -> np.ndarray:
        raw = _read_raw(tiff, z)
        if is_colored:
            if raw.shape[-1] > 3 and is_one_hot(raw):
                return decode_one_hot(raw, n_classes)
            if raw.shape[-1] == 4 and np.ptp(raw[..., 3]) > 0:
                raise see_through()
            return decode_colors(raw[..., :3], n_classes, colors, tally)
        return (raw if raw.ndim == 2 else raw[..., 0]).astype(dtype, copy=False)

    dtype = dtype.newbyteorder("=")
    return Stack(FILE, tiff.shape, dtype, read, on_close=tiff.close), is_colored or is_own


def _one_hot_stack(source: Source, n_channels: int, n_classes: int, limits: StackLimits) -> Stack:
    """Open the channels of a TIFF as one-hot masks.

    Raises:
        LabelError: They are none, or not of so many classes.
    """
    channels = [OpenTiff(source, limits, Selection(channel=i)) for i in range(n_channels)]

    def close() -> None:
        for channel in channels:
            channel.close()

    def read(z: int) -> np.ndarray:
        masks = np.stack([_read_raw(channel, z) for channel in channels], axis=-1)
        if not is_one_hot(masks):
            raise LabelError(
                f'"{FILE}" holds {n_channels} channels, and they are no one-hot masks: in '
                "each pixel one of them should be set.",
                hint="Export the labels as whole numbers in one channel.",
            )
        return decode_one_hot(masks, n_classes)

    return Stack(FILE, channels[0].shape, np.dtype(np.uint8), read, on_close=close)


def _read_raw(tiff: OpenTiff, z: int) -> np.ndarray:
    with reading():
        raw = tiff.read(z)
    return raw.astype(np.int16) if raw.dtype == np.int8 else raw  # colors reach to 255
