"""What the sizes and rates of a network may be, so that a wrong one is refused by name before training."""

from __future__ import annotations

from data_conversion.errors import DataError


def require_sizes(block: str, **sizes: int) -> None:
    """Does nothing where all sizes are 1 or more.

    >>> require_sizes("the Bi-LSTM", hidden=128, layers=0)
    Traceback (most recent call last):
        ...
    data_conversion.errors.DataError: layers of the Bi-LSTM is 0: it is 1 or more

    Raises:
        DataError: one is less.
    """
    for name, size in sizes.items():
        if size < 1:
            raise DataError(f"{name} of {block} is {size}: it is 1 or more")


def require_shares(**shares: float) -> None:
    """Does nothing where all shares are from 0 to less than 1.

    >>> require_shares(dropout=1.5)
    Traceback (most recent call last):
        ...
    data_conversion.errors.DataError: dropout is 1.5: it is a share, from 0 to less than 1

    Raises:
        DataError: one is not.
    """
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise DataError(f"{name} is {share}: it is a share, from 0 to less than 1")
