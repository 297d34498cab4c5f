"""Small files that would be large in memory: up to 10 MB each, made in seconds."""

import io
import struct
import zipfile
import zlib

import numpy as np
import tifffile
from PIL import Image


def tiff(images, **options) -> bytes:
    """Pages of a deflated TIFF."""
    handle = io.BytesIO()
    usual = {"photometric": "minisblack", "metadata": None, "compression": "zlib"}
    with tifffile.TiffWriter(handle) as writer:
        for image in images:
            writer.write(image, **usual | options)
    return handle.getvalue()


def repeated(image: np.ndarray, n_slices: int) -> bytes:
    """The same slice over and over, packed once, in one piece."""
    packed = zlib.compress(image.tobytes(), 6)
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for _ in range(n_slices):
            writer.write(
                iter([packed]),
                shape=image.shape,
                dtype=image.dtype,
                photometric="minisblack",
                metadata=None,
                compression="zlib",
                rowsperstrip=image.shape[0],
            )
    return handle.getvalue()


def zeros(n_slices: int, height: int, width: int, dtype: type = np.uint8) -> bytes:
    """Nothing, over and over."""
    return repeated(np.zeros((height, width), dtype), n_slices)


def stripes(n_slices: int, height: int, width: int) -> bytes:
    """Slices with something to segment that deflate well."""
    row = (np.arange(width) // 64 % 4 * 60 + np.arange(width) % 3).astype(np.uint8)
    image = np.tile(row, (height, 1))
    image[: height // 2] = image[: height // 2, ::-1]
    return repeated(image, n_slices)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of files."""
    handle = io.BytesIO()
    with zipfile.ZipFile(handle, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return handle.getvalue()


def zip64(n_files: int) -> bytes:
    """A ZIP whose usual end says that it holds little, and whose other end says the truth."""
    entry = b"PK\1\2" + bytes(24) + struct.pack("<HHH", 1, 0, 0) + bytes(12) + b"a"
    listed = (entry[:46] + b"a") * n_files
    big = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, n_files, n_files, len(listed), 0)
    at = b"PK\6\7" + struct.pack("<IQI", 0, len(listed), 1)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 47, 0, 0)
    return listed + big + at + end


def ome(n_images: int, n_letters: int) -> bytes:
    """Images with long names, all blown up by entities of the XML."""
    name = "&a;" * (n_letters // 1000)
    images = "".join(
        f'<Image ID="Image:{i}" Name="{i}{name}"><Pixels ID="Pixels:{i}" DimensionOrder="XYZCT" '
        'Type="uint8" SizeX="8" SizeY="8" SizeZ="1" SizeC="1" SizeT="1">'
        f'<TiffData IFD="{i}" PlaneCount="1"/></Pixels></Image>'
        for i in range(n_images)
    )
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE OME [<!ENTITY a "{"x" * 1000}">]>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{images}</OME>'
    )
    rng = np.random.default_rng(0)
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for i in range(n_images):
            image = rng.integers(0, 255, (8, 8)).astype(np.uint8)
            about = {"description": xml} if i == 0 else {}
            writer.write(image, photometric="minisblack", metadata=None, **about)
    return handle.getvalue()


def png(height: int, width: int) -> bytes:
    """A picture of nothing."""
    handle = io.BytesIO()
    Image.new("L", (width, height)).save(handle, "PNG")
    return handle.getvalue()


def nrrd(n_bytes: int) -> bytes:
    """Voxels in a stream that says it is short and is not."""
    head = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 100 100 10\nencoding: gzip\n\n"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(2**20)
    return head + b"".join(packer.compress(block) for _ in range(n_bytes >> 20)) + packer.flush()


def files() -> dict[str, bytes]:
    """Return them by the names they are sent under."""
    slice_of_a_zip = tiff([np.arange(64, dtype=np.uint8).reshape(8, 8)])
    return {
        "zeros.tif": zeros(500, 2000, 2000),
        "large.tif": stripes(1, 4000, 4000),
        "same-size.tif": zeros(64, 128, 128, np.float64),
        "doubles.tif": zeros(3, 4000, 4000, np.float64),
        "flat.tif": stripes(500, 1, 30_000),
        "tall.tif": stripes(300, 30_000, 1),
        "many.tif": tiff([np.arange(4, dtype=np.uint8).reshape(2, 2)] * 5000, compression=None),
        "many.zip": zipped({f"slice{i:05d}.tif": slice_of_a_zip for i in range(2000)}),
        "twice.zip": zipped({"a.tif": zeros(250, 2000, 2000)}),
        "list.zip": zip64(200_000),
        "names.ome.tif": ome(400, 30_000),
        "text.tif": tiff(
            [np.arange(64, dtype=np.uint8).reshape(8, 8)], description="x" * 9_000_000
        ),
        "nothing.png": png(8000, 8000),
        "short.nrrd": nrrd(2**28),
    }
