"""Labels of any origin: what stands in their files, what it means, which slices it belongs to."""
