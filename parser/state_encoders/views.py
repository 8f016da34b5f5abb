"""What a state encoder sees: the words, and the stack that a new row lies on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Words:
    """An encoded batch of utterances, computed once for all steps.

    Attributes:
        encoded: [batch, length + 1, dim] encodings; one learnt vector stands after the last word.
        mask: [batch, length] True for words.
        keys: [batch, length, attention dim] attention keys, empty without attention.
        seen: [batch, length, …] what the state encoder wants to know of the words (`StateEncoder.look`).
    """

    encoded: Tensor
    mask: Tensor
    keys: Tensor
    seen: Tensor

    def of(self, chosen: Tensor) -> Words:
        """These utterances of the batch alone."""
        return Words(self.encoded[chosen], self.mask[chosen], self.keys[chosen], self.seen[chosen])


@dataclass(frozen=True)
class Stack:
    """The stack under the rows that are pushed now, one for each of `width` hypotheses of an utterance.

    Attributes:
        memory: [batch, rows, memory_dim] what the state encoder remembers of each row.
        below: [batch, width] the row right under the new one; 0 is the empty stack.
        entries: [batch, width, height] the rows on the stack from its bottom; what lies at `depth` and after it means
            nothing.
        depth: [batch, width] how many of them are there.
        focus: [batch, width] the word in focus after the push.
    """

    memory: Tensor
    below: Tensor
    entries: Tensor
    depth: Tensor
    focus: Tensor
