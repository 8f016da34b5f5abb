"""Attention knows how far a word is from the focus, and which words there are."""

from __future__ import annotations

import torch
from torch import nn

from parser.heads import FAR, Attention


def test_a_words_bias_goes_by_its_distance_from_the_focus_and_all_far_ones_share_theirs() -> None:
    attention = Attention(3)
    attention.distance = nn.Parameter(torch.arange(-FAR, FAR + 1.0))
    near = attention.near(2 * FAR)
    assert near.shape == (2 * FAR + 1, 2 * FAR)
    for focus in range(2 * FAR + 1):
        assert near[focus].tolist() == [max(-FAR, min(FAR, word - focus)) for word in range(2 * FAR)]


def test_attention_is_bahdanaus_with_a_bias_and_ends_with_the_words() -> None:
    torch.manual_seed(0)
    attention, query, words, bias = (
        Attention(3, dim=4),
        torch.randn(2, 5, 4),
        torch.randn(2, 3, 3),
        torch.randn(2, 5, 3),
    )
    mask, keys = torch.tensor([[True] * 3, [True, False, False]]), attention.key(words)
    scores = attention(query, keys, mask, bias)
    assert scores.shape == (2, 5, 3)
    theirs = attention.score((query[0, 4] + keys[0]).tanh()).squeeze(-1) + bias[0, 4]
    torch.testing.assert_close(scores[0, 4].log_softmax(-1), theirs.log_softmax(-1))
    assert bool((scores[1, :, 1:] == float("-inf")).all()) and bool(scores[1, :, 0].isfinite().all())
