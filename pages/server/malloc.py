"""How many arenas the C library keeps memory in: each thread's own would never give it back."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # of glibc's mallopt
N_ARENAS = 2


def share_arenas() -> None:
    """Let all threads take memory from the same two arenas, where the system's library is glibc.

    A server has a thread for each visitor. With an arena each, what one has freed serves no other:
    thirty who segment at once took 1.0 GB, and 0.6 GB with two arenas, in the same time.
    """
    with suppress(OSError, AttributeError, TypeError):  # another system, another library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, N_ARENAS)
