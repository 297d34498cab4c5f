"""Segment X-ray micro-CT slices of sandstone: arrays in, arrays out."""
