"""One stack from many files: a list, a folder or a ZIP of slices."""
