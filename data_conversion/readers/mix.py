"""MixSNIPS and MixATIS: compound requests with a tag a word, and the intents of their clauses on a last line.

    play    O
    jazz    B-genre
    and     O
    then    O
    rate    O
    it      O
    PlayMusic#RateBook

The intents stand in the order of the clauses; where one clause ends and the next begins is not said. A cut is possible
at a connective (`and then`, `and also`, `and`, `,`) outside the slot values. Rows that can be cut in one way only, such
as those with one intent, teach what the words and slots of each intent look like; of several cuts the one whose clauses
look most like their intents is taken. The teacher is the train file in the same folder, or the file itself where there
is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

from data_conversion.blocks import Block, blocks, word_and_tag
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import Clause, frame_tree, spans_of
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name, split_of

FORMALISM = "bracket"
WORDS = "drop"

_CONNECTIVES = (("and", "then"), ("and", "also"), ("and",), (",",))  # the longer first
_MAX_CUTS = 10_000  # a row with more possible cuts than that is no compound of requests


def recognises(path: Path) -> str | None:
    """The first utterance of every file has words with tags and a last line of one column."""
    return "two columns over a line of intents" if files(path).holds_only(_ends_in_intents) else None


def files(path: Path) -> Release:
    """The text files of each split."""
    return by_name(path, lambda entry: entry.suffix == ".txt" and entry.is_file(), _ends_in_intents)


def read(path: Path) -> Iterator[Row]:
    """The utterances of one file."""
    language = _Language(_teacher(path))
    for block in blocks(path):
        yield Row(path, block.line, block.text, partial(_example, block, language))


def _ends_in_intents(file: Path) -> bool:
    first = next(blocks(file), None) if file.is_file() else None
    if first is None:
        return False
    try:
        _Annotation(first)
    except DataError:
        return False
    return True


def _teacher(path: Path) -> Path:
    return next((file for file in files(path.parent).splits.get("train", []) if split_of(path.name)), path)


class _Annotation:
    """A row: its words, tags and intents.

    Raises:
        DataError: the row is not in this format.
    """

    def __init__(self, block: Block) -> None:
        *pairs, intents = block.lines
        columns = [word_and_tag(line) for line in pairs]
        self.tokens = tuple(word for word, _ in columns)
        self.tags = [tag for _, tag in columns]
        self.intents = intents.strip().split("#")
        if not columns or len(intents.split()) != 1 or not all(self.intents):
            raise DataError("words with their tags and then a line INTENT#INTENT are expected")

    def cuts(self) -> Iterator[list[Clause]]:
        """Every way to cut the words into one clause for each intent."""
        places = list(self._connectives())
        number = len(self.intents) - 1
        if math.comb(len(places), number) > _MAX_CUTS:
            raise DataError(f"{len(places)} connectives are too many to choose {number} cuts from")
        for chosen in combinations(places, number):
            starts = [0, *(end for _, end in chosen)]
            ends = [*(start for start, _ in chosen), len(self.tokens)]
            if all(start < end for start, end in zip(starts, ends)):  # between `,` and `and` stands no request
                yield [Clause(*clause) for clause in zip(self.intents, starts, ends, strict=True)]

    def _connectives(self) -> Iterator[tuple[int, int]]:
        for start in range(1, len(self.tokens)):
            for words in _CONNECTIVES:
                end = start + len(words)
                outside = end < len(self.tokens) and all(tag == "O" for tag in self.tags[start:end])
                if outside and self.tokens[start:end] == words:
                    yield start, end
                    break

    def symbols(self, clause: Clause) -> list[str]:
        """The words of a clause between its bounds, each slot value as one symbol."""
        words = list(zip(self.tokens, self.tags, strict=True))[clause.start : clause.end]
        return ["<s>", *(word if tag == "O" else tag for word, tag in words if not tag.startswith("I-")), "</s>"]


class _Language:
    """How each intent is put: bigrams of words and slots, smoothed by unigrams of the intent and of all intents."""

    def __init__(self, teacher: Path) -> None:
        self.pairs: Counter[tuple[str, str, str]] = Counter()
        self.before: Counter[tuple[str, str]] = Counter()
        self.symbols: Counter[tuple[str, str]] = Counter()
        self.length: Counter[str] = Counter()
        self.anywhere: Counter[str] = Counter()
        for block in blocks(teacher):
            try:
                annotation = _Annotation(block)
                cuts = list(annotation.cuts())
            except DataError:  # rejected when it is read
                continue
            if len(cuts) == 1:
                for clause in cuts[0]:
                    self._learn(clause.intent, annotation.symbols(clause))
        self.total = sum(self.anywhere.values()) + len(self.anywhere) + 1

    def _learn(self, intent: str, symbols: Sequence[str]) -> None:
        for before, symbol in pairwise(symbols):
            self.pairs[intent, before, symbol] += 1
            self.before[intent, before] += 1
            self.symbols[intent, symbol] += 1
            self.length[intent] += 1
            self.anywhere[symbol] += 1

    def log_probability(self, intent: str, symbols: Sequence[str]) -> float:
        """How well the symbols fit the intent."""
        score = 0.0
        for before, symbol in pairwise(symbols):
            anywhere = (self.anywhere[symbol] + 1) / self.total
            alone = (self.symbols[intent, symbol] + 5 * anywhere) / (self.length[intent] + 5)
            score += math.log((self.pairs[intent, before, symbol] + 2 * alone) / (self.before[intent, before] + 2))
        return score


def _example(block: Block, language: _Language) -> Example:
    annotation = _Annotation(block)
    cuts = list(annotation.cuts())
    if not cuts:
        raise DataError(f"{len(annotation.intents)} intents, but too few connectives outside slot values to cut at")

    def fit(clauses: list[Clause]) -> float:
        return sum(language.log_probability(clause.intent, annotation.symbols(clause)) for clause in clauses)

    clauses = cuts[0] if len(cuts) == 1 else max(cuts, key=fit)
    tokens = annotation.tokens
    return Example("", "", " ".join(tokens), tokens, frame_tree(tokens, clauses, spans_of(annotation.tags)), FORMALISM)
