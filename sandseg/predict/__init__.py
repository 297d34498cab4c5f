"""Slices to labels: a U-Net in tiles, a random forest, a threshold."""
