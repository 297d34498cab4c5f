"""A TIFF as a stack: checked before it is read, pages in order, grey values, voxel size."""
