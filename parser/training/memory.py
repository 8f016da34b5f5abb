"""How little memory training takes: what a batch frees goes back to the system."""

from __future__ import annotations

import ctypes
import sys

LARGE = 4 * 2**20
"""Bytes from which on a tensor gets memory of its own."""
_M_MMAP_THRESHOLD = -3


def return_freed_tensors() -> None:
    """Have glibc give back the memory of every large tensor that is freed.

    Batches are of many sizes, between which it keeps what one freed and the next cannot use: twice the memory that
    training needs, in the end. Where the C library is another one, nothing happens.
    """
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)
