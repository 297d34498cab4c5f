"""Whose a folder is: signed with the key of a visitor's browser, of which it keeps a hash alone."""

import hashlib
import hmac
from contextlib import suppress
from pathlib import Path

from sandseg.atomic import is_own_file, write_bytes

SIGNATURE = "owner"


def sign(folder: Path, key: str) -> None:
    """Note whose a folder is; without a key it is nobody's, and the operator's.

    Raises:
        OSError: It cannot be written.
    """
    if key:
        write_bytes(folder / SIGNATURE, _hash(key))


def is_signed(folder: Path) -> bool:
    """Whether a folder is some visitor's; where its signature is damaged, nobody's key fits."""
    path = folder / SIGNATURE
    return path.is_symlink() or path.exists()


def is_signed_by(folder: Path, key: str) -> bool:
    """Whether a folder is that of the visitor with this key."""
    path = folder / SIGNATURE
    with suppress(OSError):
        return bool(key) and is_own_file(path) and is_hash_of(path.read_bytes(), key)
    return False


def signature_of(folder: Path) -> bytes:
    """Return the signature of a folder, to be compared with others; b"" without one."""
    with suppress(OSError):
        return (folder / SIGNATURE).read_bytes()
    return b""


def is_hash_of(signature: bytes, key: str) -> bool:
    """Whether a signature was made with a key."""
    return hmac.compare_digest(signature, _hash(key))


def _hash(key: str) -> bytes:
    """A key has 128 random bits or more, so that a plain hash cannot be turned back."""
    return hashlib.sha256(key.encode()).hexdigest().encode()
