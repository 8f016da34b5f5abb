"""Which utterances are trained on or parsed together: those of like length, so that little is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

LONG = 64
"""Steps of a derivation over which it takes the room of several in a batch."""


def length_batches(
    lengths: Sequence[int] | np.ndarray, batch_size: int, seed: int | None = None
) -> Iterator[list[int]]:
    """Indices in batches of similar length, so that little is padding; shuffled under a seed, or longest last.

    How many indices each batch takes, from the shortest on, `batch_sizes` says.
    """
    lengths = np.asarray(lengths)
    generator = np.random.default_rng(seed)
    # near lengths mix, so that batches differ by epoch
    noise = 0.0 if seed is None else generator.uniform(-1.5, 1.5, len(lengths))
    order = np.argsort(lengths + noise, kind="stable")
    ends = np.cumsum(batch_sizes(lengths, batch_size))
    batches = [indices.tolist() for indices in np.split(order, ends[:-1])]
    if seed is not None:
        generator.shuffle(batches)
    yield from batches


def batch_sizes(lengths: Sequence[int] | np.ndarray, most: int) -> list[int]:
    """The sizes of batches from the shortest to the longest: `most`, or fewer where that would be more than `most`
    times `LONG` of padded length, so that the longest do not set how much memory training takes.

    >>> batch_sizes([1, 2, 3, 4, 5], most=2)
    [2, 2, 1]
    >>> batch_sizes([LONG, LONG, 2 * LONG, 2 * LONG], most=2)
    [2, 1, 1]
    """
    sizes: list[int] = []
    for length in np.sort(lengths):
        if sizes and sizes[-1] < most and (sizes[-1] + 1) * length <= most * LONG:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes
