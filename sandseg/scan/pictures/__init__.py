"""Slices and labels in PNG, BMP and JPEG files."""
