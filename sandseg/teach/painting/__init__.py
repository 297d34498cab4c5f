"""Strokes on the slices of a stack: painted, undone, kept in a journal and in files."""
