"""How much memory segmenting a stack larger than memory's share takes, from the command line.

    PYTHONPATH=. python benchmarks/memory.py [--gigabytes 2] [--slices 8] [--folder /tmp]

Makes an uncompressed 16-bit stack, segments its first slices with `python -m sandseg segment`, and
reports the largest resident memory of that process. A run over all slices takes as much: one is in
memory at a time.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from sandseg.data.phantom import PhantomConfig, make_phantom

SIDE = 1024


def make_stack(path: Path, n_bytes: int) -> tuple[int, int, int]:
    """Write slices of a phantom, over and over, in 16 bits."""
    rock = make_phantom(PhantomConfig(shape=(8, SIDE // 2, SIDE // 2))).image
    tiles = [np.tile(image.astype(np.uint16) * 257, (2, 2)) for image in rock]
    n_slices = n_bytes // tiles[0].nbytes
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for z in range(n_slices):
            writer.write(tiles[z % len(tiles)], photometric="minisblack", metadata=None)
    return n_slices, SIDE, SIDE


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--slices", type=int, default=8, help="how many of them to segment")
    parser.add_argument("--folder", type=Path, help="for the stack; the system's by default")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        stack, labels = Path(name) / "stack.tif", Path(name) / "labels.tif"
        shape = make_stack(stack, int(args.gigabytes * 2**30))
        command = [sys.executable, "-m", "sandseg", "segment", stack, "-o", labels]
        command += ["--slices", f"1:{args.slices}", "--confidence", Path(name) / "confidence.tif"]
        start = time.perf_counter()
        subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr)
        seconds = time.perf_counter() - start
        # kilobytes on Linux, bytes on macOS
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
        found = {
            "shape": shape,
            "file_bytes": stack.stat().st_size,
            "segmented_slices": args.slices,
            "seconds": round(seconds, 1),
            "peak_resident_bytes": peak,
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
