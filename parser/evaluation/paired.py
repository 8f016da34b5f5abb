"""Whether one model reads the same test set better than another: gains, with intervals by the paired bootstrap.

Which utterances a model reads right (`outcomes`) is kept in its record, so a gain can be computed again from records
alone. A resample draws utterances with replacement, the same ones for both models and all of their seeds, domain by
domain (Efron and Tibshirani 1993; for language, Koehn, EMNLP 2004). Intervals hold 95% of 2,000 resamples: they tell
what other test utterances would do, not what other seeds would.

>>> before, after = unpacked(["4:5", "4:5"]), unpacked(["4:7", "4:7"])
>>> told = gain([(after, before)])
>>> told.points, told.relative
(25.0, 50.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES, CHUNK = 2000, 100

Interval = tuple[float, float]


class Gain(NamedTuple):
    """What a model gains over another: means over domains, in points of exact match and in percent of the other's,
    which are not a number where the other reads nothing of a domain right."""

    points: float
    points_interval: Interval
    relative: float
    relative_interval: Interval


def packed(right: Sequence[bool]) -> str:
    """Which utterances were read right, as text: how many there are, and a hexadecimal number with a bit for each.

    >>> packed([False, True, False, True])
    '4:5'
    """
    bits = "".join("1" if each else "0" for each in right)
    return f"{len(bits)}:{int(bits, 2):x}"


def unpacked(outcomes: Sequence[str]) -> np.ndarray:
    """[seeds, utterances] 1.0 where an utterance was read right, from the text of each seed.

    >>> unpacked(["4:5", "4:f"]).tolist()
    [[0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
    """
    rows = [format(int(bits, 16), "b").zfill(int(count)) for count, bits in (text.split(":") for text in outcomes)]
    return np.array([[float(bit) for bit in row] for row in rows])


def gain(pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 0) -> Gain:
    """What is gained, with 95% intervals.

    Args:
        pairs: for each domain, [seeds, utterances] of the model and of the one that it is compared with.
        seed: of the resampling.
    """
    generator = np.random.default_rng(seed)
    means = np.array([(ours.mean(), theirs.mean()) for ours, theirs in pairs])
    resampled = np.stack([_resampled(ours.mean(0), theirs.mean(0), generator) for ours, theirs in pairs], axis=-2)
    told = [(float(of(means)), _interval(of(resampled))) for of in (_points, _relative)]
    return Gain(*told[0], *told[1])


def _resampled(ours: np.ndarray, theirs: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """[resamples, 2] the means of both over the same utterances."""
    both, number = np.stack([ours, theirs], axis=-1), len(ours)
    chunks = (generator.integers(number, size=(CHUNK, number)) for _ in range(RESAMPLES // CHUNK))
    return np.concatenate([both[drawn].mean(1) for drawn in chunks])


def _points(means: np.ndarray) -> np.ndarray:
    """[…] from the [… domains, 2] means of both."""
    return 100 * (means[..., 0] - means[..., 1]).mean(-1)


def _relative(means: np.ndarray) -> np.ndarray:
    """The mean of the domains' relative gains, by which the authors of Damonte et al. (NAACL 2019) sum up theirs."""
    base = np.where(means[..., 1] > 0, means[..., 1], np.nan)
    return 100 * ((means[..., 0] - means[..., 1]) / base).mean(-1)


def _interval(values: np.ndarray) -> Interval:
    """Of those resamples that are numbers."""
    if np.isnan(values).all():
        return np.nan, np.nan
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)
