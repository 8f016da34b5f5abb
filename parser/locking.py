"""One process at a time: what several may want to make, one makes while the others wait."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Holds the lock of a path for the block, and waits for it, saying so, while another process does.

    The lock is the operating system's, on a hidden file beside `path`. It ends with the last process that holds it,
    killed or not; a child to whom the descriptor that is given is passed on holds it too, so that nobody else begins
    while the child of a killed parent still works.
    """
    file = path.parent / f".{path.name}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting: another process works on {path}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()
