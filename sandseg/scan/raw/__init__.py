"""Bare voxels in a file, and the headers and names that say how they lie."""
