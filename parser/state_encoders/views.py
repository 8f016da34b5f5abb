"""What a state encoder sees: the words, and the stack that a new row lies on."""

from __future__ import annotations

from dataclasses import dataclass, fields

from torch import Tensor


@dataclass(frozen=True)
class Words:
    """An encoded batch of utterances, and what the network makes of every word, computed once for all steps.

    Attributes:
        mask: [batch, length] True for words.
        rows: [batch, length, row_dim] what is pushed when the word is copied.
        ahead: [batch, length + 1, …] what it adds to the parser state when it is in focus; last, what the end adds.
        keys: [batch, length, attention dim] attention keys, empty without attention.
        near: [length + 1, length] attention biases while each word, or the end, is in focus; the same for all.
        attended: [batch, length, dim] what it adds to the parser state when it is attended to, empty without attention.
        alike: [batch, length, lexicon] how much of each word of the lexicon is like it (`parser.lookalikes`).
        seen: [batch, length, …] what the state encoder wants to know of the words (`StateEncoder.look`).
        domains: [batch, domains] scores of the domains of the utterances, where there are several.
        domain: [batch] the domain whose symbols an utterance is shown.
    """

    mask: Tensor
    rows: Tensor
    ahead: Tensor
    keys: Tensor
    near: Tensor
    attended: Tensor
    alike: Tensor
    seen: Tensor
    domains: Tensor
    domain: Tensor

    def of(self, chosen: Tensor) -> Words:
        """These utterances of the batch alone."""
        kept = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name != "near"}
        return Words(**kept, near=self.near)


@dataclass(frozen=True)
class Stack:
    """The stack under the rows that are pushed now, one for each of `width` hypotheses of an utterance.

    Attributes:
        memory: [rows, memory_dim] what the state encoder remembers of each row; row 0 is the empty stack.
        below: [batch, width] the row right under the new one.
        entries: [batch, width, 1 + height] the empty stack and the rows on the stack from its bottom; what lies after
            `depth` means nothing.
        depth: [batch, width] how many rows are on the stack.
        focus: [batch, width] the word in focus after the push.
    """

    memory: Tensor
    below: Tensor
    entries: Tensor
    depth: Tensor
    focus: Tensor
