"""TIFFs, and ZIPs of them, made for tests."""

import io
import warnings
import zipfile

import numpy as np
import tifffile


def tiff_bytes(array, **options):
    handle = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tifffile.imwrite(handle, array, **options)
    return handle.getvalue()


def pages_bytes(images, **options):
    """One page after the other, as scanners write them: without any word about the axes."""
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle) as writer:
        for image in images:
            writer.write(image, metadata=None, **options)
    return handle.getvalue()


def zip_bytes(files, compression=zipfile.ZIP_DEFLATED):
    handle = io.BytesIO()
    with zipfile.ZipFile(handle, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return handle.getvalue()


def read_all(stack):
    return np.stack([stack.read_slice(z) for z in range(stack.n_slices)])
