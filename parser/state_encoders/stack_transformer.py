"""The Stack-Transformer: attention heads that see the stack, and heads that see the words.

After Fernandez Astudillo et al. (Findings of EMNLP 2020), who modify the cross-attention of a Transformer so that one
head sees the stack and one the buffer; here half of the heads of every layer do each. A row's first layer starts from
the row itself, so with the stack `(open add) (apples)` the state after `apples` is what its row gathers, layer by
layer, from its own keys, those of `add` and those of the empty stack, and from the words around the focus.

A row attends to what lay on the stack when it was pushed, and to nothing later. Its keys and values are thus fixed then
and are all that later rows need: in training all rows of all derivations are computed at once under a mask, in decoding
each new row reads those of the rows on the stack from memory; both give the same numbers (tested).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from data_conversion.errors import DataError
from parser.derivations import Gold
from parser.dropout import SharedDropout
from parser.sizes import require_sizes
from parser.state_encoders.views import Stack, Words

DEEP = 8
"""Rows that lie deeper under the top than this share one bias."""
FAR = 8
"""Words farther than this from the focus share one bias."""


class StackTransformer(nn.Module):
    """States of the stack.

    Where an entry lies is told by a bias on its score, by its depth under the top; where a word stands by one by its
    distance from the focus. Words before the focus stay visible: with words dropped they are never consumed, and with
    words kept the bias learns what they are worth beside the rows that hold them.

    Args:
        row_dim: size of the vectors that are pushed.
        word_dim: size of a word's encoding.
        dim: size of the state.
        layers: how many layers.
        heads: attention heads of each layer; half of them see the stack, half the words.
        feed_forward: units of the hidden layer of each feed-forward block.
        dropout: dropout on what each block adds.

    Raises:
        DataError: the heads are odd in number, or do not divide `dim`; a size or rate is none.
    """

    def __init__(
        self,
        row_dim: int,
        word_dim: int,
        *,
        dim: int = 192,
        layers: int = 2,
        heads: int = 4,
        feed_forward: int = 512,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        require_sizes("the Stack-Transformer", dim=dim, layers=layers, heads=heads, feed_forward=feed_forward)
        if heads % 2 or dim % heads:
            raise DataError(f"state_encoder: heads must be even and divide dim, and {heads} and {dim} do not fit")
        self.dim = dim
        self.memory_dim = (1 + layers) * dim  # what a row remembers: its state, and its keys and values in each layer
        self.rows = nn.Linear(row_dim, dim)
        self.words = nn.Linear(word_dim, layers * dim)
        self.layers = nn.ModuleList(_Layer(dim, heads // 2, feed_forward, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)
        self.empty = nn.Parameter(torch.zeros(self.memory_dim))
        self.depth_bias = nn.Embedding(DEEP + 1, layers * heads // 2)
        self.distance_bias = nn.Embedding(2 * FAR + 1, layers * heads // 2)
        nn.init.zeros_(self.depth_bias.weight)
        nn.init.zeros_(self.distance_bias.weight)

    def look(self, encoded: Tensor) -> Tensor:
        """[batch, length, layers * dim] the words' keys and values in each layer."""
        return self.words(encoded)

    def forward(self, rows: Tensor, words: Words, gold: Gold) -> Tensor:
        """[batch, steps + 1, dim] the state when row r is on top, from row 0, the empty stack."""
        number = torch.arange(rows.shape[1] + 1, device=rows.device)
        until = functional.pad(gold.until, (1, 0), value=len(number))  # nothing takes the empty stack off
        depth = functional.pad(gold.depth, (1, 0))
        lies = (number <= number[1:, None]) & (number[1:, None] < until[:, None])
        under = self._depth_bias(depth[:, 1:, None] - depth[:, None], lies)
        focus = torch.where(gold.positions >= 0, gold.positions + 1, gold.focus)
        near = self._distance_bias(focus, words.mask)
        start = self.start().expand(len(rows), 1, -1)
        memory = self._memory(self.project(rows), start[..., self.dim :], under, words.seen, near)
        return torch.cat([self.read(start), self.read(memory)], dim=1)

    def start(self) -> Tensor:
        """[memory_dim] the memory of the empty stack, which is learnt."""
        return self.empty

    def project(self, rows: Tensor) -> Tensor:
        """[…, dim] what the first layer starts from."""
        return self.rows(rows)

    def step(self, projected: Tensor, words: Words, stack: Stack) -> Tensor:
        """[batch, width, memory_dim] the memory of new rows, each from that of the rows on the stack."""
        width, height = projected.shape[1], int(stack.depth.max()) + 1
        entries = stack.entries[..., :height].flatten(0, 1)
        beneath = functional.embedding(entries, stack.memory)[..., self.dim :]
        places, depth = torch.arange(height, device=projected.device), stack.depth.flatten()[:, None, None]
        lies = functional.pad(places <= depth, (0, 1), value=True)  # the last is the new row itself
        under = self._depth_bias(functional.pad(depth + 1 - places, (0, 1)), lies)
        mask, seen = (each.repeat_interleave(width, dim=0) for each in (words.mask, words.seen))
        near = self._distance_bias(stack.focus.flatten()[:, None], mask)
        memory = self._memory(projected.flatten(0, 1)[:, None], beneath, under, seen, near)
        return memory.view(*projected.shape[:2], -1)

    def read(self, memory: Tensor) -> Tensor:
        """[…, dim] the state that a memory stands for."""
        return memory[..., : self.dim]

    def _memory(self, rows: Tensor, beneath: Tensor, under: Tensor, seen: Tensor, near: Tensor) -> Tensor:
        """[batch, steps, memory_dim] the memory of rows.

        Args:
            rows: [batch, steps, dim] what is pushed, projected.
            beneath: [batch, earlier, layers * dim] keys and values of rows that are known already.
            under: [layers, batch, heads, steps, earlier + steps] biases of these and of `rows` themselves.
            seen: [batch, length, layers * dim] keys and values of the words.
            near: [layers, batch, heads, steps, length] their biases.
        """
        hidden, remembered = rows, []
        known = zip(beneath.split(self.dim, dim=-1), under, seen.split(self.dim, dim=-1), near)
        for layer, (below, below_bias, words, words_bias) in zip(self.layers, known):
            hidden, own = layer(hidden, below, below_bias, words, words_bias)
            remembered.append(own)
        return torch.cat([self.norm(hidden), *remembered], dim=-1)

    def _depth_bias(self, depth: Tensor, lies: Tensor) -> Tensor:
        """[layers, batch, heads, steps, rows] from [batch, steps, rows] depths under the top; rows off it never."""
        return self._by_head(self.depth_bias(depth.clamp(0, DEEP))).masked_fill(~lies[:, None], float("-inf"))

    def _distance_bias(self, focus: Tensor, mask: Tensor) -> Tensor:
        """[layers, batch, heads, steps, length] from [batch, steps] words in focus; padding is never seen."""
        distance = torch.arange(mask.shape[1], device=mask.device) - focus[..., None]
        bias = self._by_head(self.distance_bias(distance.clamp(-FAR, FAR) + FAR))
        return bias.masked_fill(~mask[:, None, None], float("-inf"))

    def _by_head(self, bias: Tensor) -> Tensor:
        """[layers, batch, heads, …] from [batch, …, layers * heads]."""
        return bias.movedim(-1, 0).unflatten(0, (len(self.layers), -1)).transpose(1, 2)


class _Layer(nn.Module):
    """Pre-norm attention to stack and words, then a feed-forward block (Xiong et al., ICML 2020)."""

    def __init__(self, dim: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(dim)
        self.project = nn.Linear(dim, 2 * dim)  # queries to the stack and to the words; keys and values on the stack
        self.gather = nn.Linear(dim, dim)
        self.feed = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, feed_forward), nn.ReLU(), nn.Linear(feed_forward, dim)
        )
        self.dropout = SharedDropout(dropout)

    def forward(
        self, hidden: Tensor, below: Tensor, below_bias: Tensor, words: Tensor, words_bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[batch, steps, dim] new hidden states, and the rows' own keys and values; see `StackTransformer._memory`."""
        queries, own = self.project(self.before(hidden)).chunk(2, dim=-1)
        to_stack, to_words = queries.chunk(2, dim=-1)
        on_stack = self._attend(to_stack, torch.cat([below, own], dim=1), below_bias)
        in_words = self._attend(to_words, words, words_bias)
        hidden = hidden + self.dropout(self.gather(torch.cat([on_stack, in_words], dim=-1)))
        return hidden + self.dropout(self.feed(hidden)), own

    def _attend(self, queries: Tensor, known: Tensor, bias: Tensor) -> Tensor:
        """[batch, steps, dim / 2] what the queries take from [batch, n, dim] keys and values."""
        keys, values = known.chunk(2, dim=-1)
        queries, keys, values = (
            each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in (queries, keys, values)
        )
        taken = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
        return taken.transpose(1, 2).flatten(2)
