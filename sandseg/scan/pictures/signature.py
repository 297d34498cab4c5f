"""How a picture is recognized, without loading what reads it."""

_STARTS = (b"\x89PNG", b"\xff\xd8\xff")
_BMP = b"BM"
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # bytes: "BM" alone begins many a text


def is_picture(start: bytes) -> bool:
    """Tell from its first bytes whether a file is a PNG, BMP or JPEG."""
    is_bmp = start.startswith(_BMP) and int.from_bytes(start[14:18], "little") in _BMP_HEADERS
    return is_bmp or start.startswith(_STARTS)
