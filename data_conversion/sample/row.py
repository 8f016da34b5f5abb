"""One annotated request of the sample corpus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

_CLITIC = re.compile(r" (?=['’]s\b)")


@dataclass(frozen=True)
class Row:
    """A request, its intent and its slots as BIO tags.

    >>> row = Row("music", "PlayMusicIntent", "1", ("let", "'s", "hear", "jazz"), ("O", "O", "O", "B-Genre"))
    >>> row.utterance, row.values
    ("let's hear jazz", ['jazz'])
    >>> list(row.runs())
    [("let 's hear", None), ('jazz', 'Genre')]
    """

    domain: str
    intent: str
    template: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def utterance(self) -> str:
        """As written by hand: clitics joined to their word."""
        return attach_clitics(" ".join(self.tokens))

    @property
    def values(self) -> list[str]:
        """The slot values, in spoken order."""
        return [text for text, slot in self.runs() if slot]

    def runs(self) -> Iterator[tuple[str, str | None]]:
        """The tokens in runs of one slot value each, or of words outside slots."""
        starts = 0
        runs: list[tuple[str, str | None, int]] = []
        for token, tag in zip(self.tokens, self.tags):
            starts += tag.startswith("B-") or (tag == "O" and bool(runs) and runs[-1][1] is not None)
            runs.append((token, None if tag == "O" else tag[2:], starts))
        for (slot, _), run in groupby(runs, key=lambda entry: entry[1:]):
            yield " ".join(token for token, _, _ in run), slot


def attach_clitics(text: str) -> str:
    """Tokens joined by spaces, as written by hand.

    >>> attach_clitics("what 's on")
    "what's on"
    """
    return _CLITIC.sub("", text)
