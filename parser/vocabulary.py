"""What training data teaches about symbols: words, characters, pieces, labels and the lexicon, and how long trees get.

A `Vocabulary` is plain data (`to_dict`), so that it travels through configs, checkpoints and model folders as JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Node
from parser.domains import SEPARATE, domain_of, marked, marked_ontology, name_of
from parser.transitions.constraints import Constraints
from parser.transitions.system import Grammar

PAD, UNKNOWN = 0, 1
UNKNOWN_TOKEN = "<unk>"


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of a training set.

    Attributes:
        words: lower-cased words with their counts, most frequent first; ids start at 2.
        characters: the characters of the words as written; ids start at 2.
        labels: the labels of the ontology, in order.
        childless: those that may stand without children.
        lexicon: the words that `Generate` may produce; with `copy` off, every training leaf after `<unk>`.
        words_kept: whether every word of an utterance stands in its tree.
        copy: whether terminals may copy words (DESIGN: the ablation `copy: false`).
        max_arity, bound_base: see `Grammar`.
        pieces: a sentencepiece model in base64, or None where no encoder reads pieces.
        constraints: which label may stand under which; None where that is not known and everything may.
        separate: what is marked with its domain, of `parser.domains.SEPARATE`; empty where all symbols are shared.
        domains: the domains whose symbols are marked.
    """

    words: dict[str, int]
    characters: list[str]
    labels: list[str]
    childless: list[str]
    lexicon: list[str]
    words_kept: bool
    copy: bool
    max_arity: int
    bound_base: int
    pieces: str | None = None
    constraints: Constraints | None = None
    separate: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)

    @classmethod
    def learn(
        cls,
        examples: Iterable[Example],
        ontology: Ontology,
        *,
        copy: bool = True,
        pieces: str | None = None,
        separate: Collection[str] = (),
    ) -> Vocabulary:
        """From training examples, all with their words kept or all with their words dropped.

        Raises:
            DataError: there are no examples, `copy` is off with words kept, where every leaf is a copy, or what is
                separate is nothing or nothing that can be.
        """
        if unknown := set(separate) - set(SEPARATE):
            raise DataError(f"separate: {', '.join(sorted(unknown))}: it is of {', '.join(SEPARATE)}")
        words: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        lexicon: Counter[str] = Counter()
        roots: set[str] = set()
        domains: set[str] = set()
        kept, usual = True, Grammar(words_kept=False)
        excess, arity = usual.bound_base, usual.max_arity
        for example in examples:
            words.update(token.lower() for token in example.tokens)
            characters.update(character for token in example.tokens for character in token)
            tree = marked(example, separate, copy=copy).tree
            lexicon.update(leaf.text for leaf in tree.leaves() if leaf.position is None or not copy)
            roots.add(tree.label)
            domains.add(example.domain)
            kept = kept and example.words_kept
            excess = max(excess, _actions(example.tree) - usual.bound_per_word * len(example.tokens))
            arity = max(arity, *(len(node.children) for node in example.tree.nodes()))
        if not words:
            raise DataError("there are no training examples with words")
        if kept and not copy:
            raise DataError("copy: false needs words dropped: with words kept every leaf is the next word")
        if "labels" in separate:
            ontology = marked_ontology(ontology, sorted(domains))
        elif separate and not any(map(domain_of, lexicon)):
            raise DataError("data.separate: no tree generates tokens: separate the labels (multitask_labels.yaml)")
        return cls(
            words=dict(words.most_common()),
            characters=[character for character, _ in characters.most_common()],
            labels=list(ontology.labels),
            childless=[name for name, label in ontology.labels.items() if label.childless],
            lexicon=([] if copy else [UNKNOWN_TOKEN]) + [token for token, _ in lexicon.most_common()],
            words_kept=kept,
            copy=copy,
            max_arity=arity,
            bound_base=excess,
            pieces=pieces,
            constraints=Constraints.learn(ontology, roots),
            separate=list(separate),
            domains=sorted(domains) if separate else [],
        )

    def with_words_of(self, other: Vocabulary) -> Vocabulary:
        """This vocabulary, which also knows the words, characters and pieces of another one."""
        words = (Counter(self.words) + Counter(other.words)).most_common()
        characters = list(dict.fromkeys([*self.characters, *other.characters]))
        return replace(self, words=dict(words), characters=characters, pieces=other.pieces or self.pieces)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Vocabulary:
        """From what `to_dict` gives.

        Raises:
            DataError: a field is missing or unknown.
        """
        try:
            known = record.get("constraints")
            return cls(**{**record, "constraints": Constraints(**known) if known else None})
        except TypeError as error:
            raise DataError(f"not a vocabulary: {error}") from None

    @cached_property
    def grammar(self) -> Grammar:
        """What legality depends on."""
        childless = frozenset([*self.childless, *map(name_of, self.childless)])
        return Grammar(self.words_kept, childless, self.max_arity, self.bound_base)

    @cached_property
    def word_ids(self) -> dict[str, int]:
        """The id of every lower-cased word."""
        return {word: index for index, word in enumerate(self.words, start=2)}

    @cached_property
    def character_ids(self) -> dict[str, int]:
        """The id of every character."""
        return {character: index for index, character in enumerate(self.characters, start=2)}

    @cached_property
    def label_ids(self) -> dict[str, int]:
        """The id of every label."""
        return {label: index for index, label in enumerate(self.labels)}

    @cached_property
    def lexicon_ids(self) -> dict[str, int]:
        """The id of every word of the lexicon."""
        return {token: index for index, token in enumerate(self.lexicon)}

    def domain_id(self, domain: str | None) -> int:
        """The place of a domain among those whose symbols are marked; -1 for none of them."""
        return self.domains.index(domain) if domain in self.domains else -1

    def word_id(self, word: str) -> int:
        """The id of a word."""
        return self.word_ids.get(word.lower(), UNKNOWN)

    def spelling(self, word: str, longest: int = 32) -> list[int]:
        """The ids of a word's first `longest` characters; a capital never seen counts as its small letter."""
        ids = self.character_ids
        return [ids.get(character) or ids.get(character.lower(), UNKNOWN) for character in word[:longest]]


def _actions(tree: Node) -> int:
    """The most actions that any transition system needs for a tree: one a leaf, two a node, and one to finish."""
    return sum(1 for _ in tree.leaves()) + 2 * sum(1 for _ in tree.nodes()) + 1
