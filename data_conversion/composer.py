"""The language of composition: how simple requests become one compound request.

>>> def request(utterance, intent, slot, position):
...     tokens = tuple(utterance.split())
...     tree = Node(intent, (Node(slot, leaves(tokens[position:], position)),))
...     return Request.of(Example("", "", utterance, tokens, tree))
>>> milk = request("could you add milk", "addToListIntent", "ItemName", 3)
>>> music = request("please play music", "PlayMusicIntent", "Mediatype", 2)
>>> compound = joined(clipped([milk, music]), [spoken(", and")], words_kept=False)
>>> compound.utterance, [leaf.position for leaf in compound.tree.leaves()]
('could you add milk, and play music', [3, 7])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from data_conversion.coordination import Coordination, Coordinator
from data_conversion.cutting import join
from data_conversion.ellipsis import coordinates, gapped, with_pronoun, without_shared_ending
from data_conversion.example import Example
from data_conversion.frames import VALUE_CONNECTIVES
from data_conversion.mixture import Mixture, draw
from data_conversion.politeness import after_openings, clipped, is_polite, plain, polite
from data_conversion.request import Request, Words, after_space, leaves, spoken, texts
from data_conversion.tree import Leaf, Node

MIXED = "mixed"
"""The domain of a compound whose clauses are of several domains."""

Clause = tuple[str, Request]  # with its domain


class Composer:
    """Makes compounds of the simple requests of one split.

    Args:
        examples: the simple requests.
        coordination: which slots may have several values.
        mixture: how often what is done.
        words_kept: whether the words outside slots stand in the trees.
        max_clauses: a compound has two to so many clauses.
    """

    def __init__(
        self,
        examples: Iterable[Example],
        coordination: Coordination,
        mixture: Mixture,
        *,
        words_kept: bool,
        max_clauses: int,
    ) -> None:
        self.clauses: list[Clause] = [(example.domain, Request.of(example)) for example in examples]
        self.mixture = mixture
        self.words_kept = words_kept
        self.max_clauses = max_clauses
        requests = [request for _, request in self.clauses]
        self._coordinator = Coordinator(requests, coordination, mixture)
        self._imperatives = after_openings(requests)
        self._with_connective = [clause for clause in self.clauses if _holds_connective(clause[1])]
        self._apostrophes = any("'" in word.text or "’" in word.text for request in requests for word in request.words)
        self._alike: dict[tuple[str, str], list[Clause]] = {}
        for clause in self.clauses:
            self._alike.setdefault(_opening(clause[1]), []).append(clause)

    def compound(self, name: str, random: Random) -> Example:
        """A new compound request, with `name` for its id."""
        chosen = self._chosen(random)
        connectives = self._connectives(len(chosen) - 1, random)
        whole = clipped([self._coordinator.coordinated(request, random) for _, request in chosen])
        requests = self._elliptic(whole, connectives, random)
        if not any(map(is_polite, requests)) and random.random() < self.mixture.polite:
            requests = polite(requests, self._imperatives, self.mixture, random)
        request = joined(requests, connectives, words_kept=self.words_kept)
        domains = {domain for domain, _ in chosen}
        return Example(
            name, domains.pop() if len(domains) == 1 else MIXED, request.utterance, request.tokens, request.tree
        )

    def _chosen(self, random: Random) -> list[Clause]:
        number = 2
        while number < self.max_clauses and random.random() < self.mixture.further_clause:
            number += 1
        chosen: list[Clause] = []
        for _ in range(number):
            pool = self.clauses
            if chosen and random.random() < self.mixture.same_intent:
                pool = self._alike[_opening(chosen[-1][1])]
            elif self._with_connective and random.random() < self.mixture.connective_in_value:
                pool = self._with_connective
            clause = random.choice(pool)
            chosen.append(random.choice(self.clauses) if clause in chosen else clause)
        return chosen

    def _connectives(self, number: int, random: Random) -> list[Words]:
        said = [draw(self.mixture.between, random) for _ in range(number)]
        if random.random() < self.mixture.afterthought:
            said[-1] = draw(self.mixture.afterthoughts, random)
        return [spoken(text if self._apostrophes else text.replace("'", " ")) for text in said]

    def _elliptic(self, requests: Sequence[Request], connectives: Sequence[Words], random: Random) -> list[Request]:
        """The requests, some of them without what the one before or after says, or with *it* for a value."""
        said = [requests[0]]
        for before, connective, request in zip(requests, connectives, requests[1:]):
            shorter = None
            coordinated = coordinates(connective)
            if coordinated and random.random() < self.mixture.parts_said_once:
                shorter = gapped(plain(before), request)
            if coordinated and not shorter and random.random() < self.mixture.shared_ending:
                said[-1] = without_shared_ending(said[-1], request) or said[-1]
            if not shorter and random.random() < self.mixture.pronoun:
                shorter = with_pronoun(request, self._imperatives)
            said.append(shorter or request)
        return said


def _opening(request: Request) -> tuple[str, str]:
    return request.tree.label, plain(request).tokens[0].lower()


def _holds_connective(request: Request) -> bool:
    """Whether a slot value has a word that joins values and clauses elsewhere."""
    return any(
        token.lower() in VALUE_CONNECTIVES for slot in request.slots for token in request.tokens[slot.start : slot.end]
    )


def joined(requests: Sequence[Request], connectives: Sequence[Words], *, words_kept: bool) -> Request:
    """One request of several, a connective before each but the first; where words are kept its words are leaves."""
    words: Words = ()
    pieces: list[tuple[Node, int]] = []
    kept: list[Leaf] = []
    for request, connective in zip(requests, [(), *connectives]):
        kept += leaves(texts(connective), len(words)) if words_kept else ()
        words += connective
        pieces.append((request.tree, len(words)))
        words += after_space(request.words)
    return Request(words, join(pieces, kept))
