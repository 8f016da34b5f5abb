"""The public face: a trained parser and what it says of an utterance.

    from parser import SemanticParser
    nlu = SemanticParser.from_pretrained("models/quickstart")
    parse = nlu.parse("add apples and oranges to shopping list and play music")
    str(parse.tree) == (
        "(and(addToListIntent(add(ItemName(apples))(ItemName(oranges))))(PlayMusicIntent(Mediatype(music))))"
    )
    parse.intents[1] == Intent("PlayMusicIntent", [Slot("Mediatype", "music", 49, 54)])

The folder is what `semparse export` writes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.files import check_utf8
from data_conversion.ontology import Ontology
from data_conversion.tokenization import Token, locate, tokenize
from data_conversion.tree import Node
from parser import artifact
from parser.intents import FlatView, Intent
from parser.transitions.actions import Action
from parser.transitions.system import built

if TYPE_CHECKING:
    from torch import Tensor

    from parser.decoding.greedy import Derivation
    from parser.inputs import Inputs
    from parser.network import ParserNetwork

LONGEST = 2_000
"""Utterances of more words are answered with an error."""

WIDEST = 1_000
"""A beam of more hypotheses is refused."""

_WINDOW = 16  # batches that are sorted by length together
_BATCH_WORDS = 4_096  # words of a batch, padding included: attention grows with the square of the length
_BATCH_HYPOTHESES = 32_768  # words of a batch times hypotheses of each utterance: a beam remembers a row for each step
_SURROGATE = re.compile("[\ud800-\udfff]")  # what stands in a str for bytes that are not UTF-8


class ParseTree(Node):
    """A tree that `str` writes as a line in its model's formalism; it equals the plain `Node`."""

    __slots__ = ("line",)
    line: str

    def __init__(self, tree: Node, line: str) -> None:
        super().__init__(tree.label, tree.children)
        object.__setattr__(self, "line", line)

    def __str__(self) -> str:
        return self.line

    def __reduce__(self) -> tuple[Any, ...]:
        return ParseTree, (Node(self.label, self.children), self.line)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and (self.label, self.children) == (other.label, other.children)

    __hash__ = Node.__hash__


@dataclass(frozen=True)
class Parse:
    """What the parser says of one utterance.

    Attributes:
        utterance: the text as it came.
        tokens: its tokens, which say where they stand in it.
        tree: a `Node`, and `str(tree)` is a line in the model's formalism; None where there is nothing to parse.
        log_prob: the log-probability of the whole derivation: the sum over its choices, after the legality masks; where
            beam search found several derivations that print this tree, of all of them together.
        actions: the derivation, the most probable one.
        intents: the flat view for programs: the intents that are not under a slot, in spoken order; none for logical
            forms.
        error: why there is no tree.
        domain: the domain that was named, or that the model told; None for a model that does not tell domains apart.
        kinds: the kind of each label that the parser knows: intent, slot, operator or function.
        weights: [actions, words] the attention weights, as a tensor.
        others: the next best parses, best first, where more than one was asked for.
    """

    utterance: str
    tokens: tuple[Token, ...] = field(default=(), repr=False)
    tree: Node | None = None
    log_prob: float = -math.inf
    actions: tuple[Action, ...] = field(default=(), repr=False)
    intents: list[Intent] = field(default_factory=list, repr=False)
    error: str | None = None
    domain: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    weights: Tensor | None = field(default=None, repr=False, compare=False)
    others: tuple[Parse, ...] = field(default=(), repr=False)

    @property
    def words(self) -> tuple[str, ...]:
        """The texts of the tokens."""
        return tuple(token.text for token in self.tokens)

    @property
    def score(self) -> float:
        """The model's probability that the whole tree is right, from 0 to 1."""
        return math.exp(self.log_prob)

    @property
    def calibrated(self) -> bool:
        """Whether `score` has been fitted to how often such trees are right; not yet."""
        return False

    @property
    def attention(self) -> list[list[float]]:
        """[actions][words] where the parser looked at each step; each step sums to 1, or is empty without attention."""
        return [] if self.weights is None else self.weights.tolist()

    @property
    def alternatives(self) -> list[Parse]:
        """The n best parses, this one first, no two with the same tree; none where there is nothing to parse."""
        return [self, *self.others] if self.tree is not None else []

    def pretty(self) -> str:
        """The tree, drawn; or why there is none."""
        from parser.rendering import pretty

        return pretty(self.tree) if self.tree is not None else f"({self.error})"

    def svg(self) -> str:
        """The tree as an SVG picture, its boxes coloured by the kinds of their labels.

        Raises:
            DataError: there is no tree.
        """
        from parser.rendering import svg

        if self.tree is None:
            raise DataError(f"there is no tree to draw: {self.error}")
        return svg(self.tree, self.kinds)

    def to_dict(self, *, alternatives: bool = False) -> dict[str, Any]:
        """As plain data, for JSON; `error` is there only where `tree` is None.

        Args:
            alternatives: with the n best parses under `alternatives`, this one first, each without the utterance.
        """
        record = {"utterance": self.utterance, **self._answer()}
        if alternatives:
            record["alternatives"] = [parse._answer() for parse in self.alternatives]
        return record if self.error is None else {**record, "error": self.error}

    def _answer(self) -> dict[str, Any]:
        return {
            "tree": None if self.tree is None else str(self.tree),
            "score": self.score,
            "calibrated": self.calibrated,
            "intents": [intent.to_dict() for intent in self.intents],
            **({} if self.domain is None else {"domain": self.domain}),
        }


class SemanticParser:
    """A trained parser. Make one with `from_pretrained`."""

    def __init__(self, model: artifact.Artifact) -> None:
        from parser.inputs import Indexer  # imports torch

        self.model = model
        self._network = model.network()
        self._indexer = Indexer(self._network.vocabulary)
        self._formalism = formalisms.load(model.formalism)

    @classmethod
    def from_pretrained(cls, path: str | Path, packages: Sequence[str] = ()) -> SemanticParser:
        """The parser in a model folder; nothing in the folder is executed.

        Args:
            path: the folder that `semparse export` wrote.
            packages: packages of your own where the model's classes may lie, besides `parser`.

        Raises:
            DataError: the folder is missing, damaged or of another version, or names a class that may not be used.
        """
        return cls(artifact.load(path, packages))

    @property
    def ontology(self) -> Ontology:
        """The labels that the parser knows."""
        return self.model.ontology

    @property
    def domains(self) -> list[str]:
        """The domains that can be named; none where the model does not tell domains apart."""
        return list(self._network.vocabulary.domains)

    def parse(self, text: str, nbest: int = 1, beam: int | None = None, domain: str | None = None) -> Parse:
        """The parse of one utterance, by the model's tokenizer.

            nlu.parse("play music", nbest=3).alternatives   # three parses, best first

        Args:
            text: the utterance.
            nbest: how many alternatives to look for.
            beam: how many hypotheses the search keeps, `nbest` or more; 1 is greedy search. By default it is 1 for one
                parse and twice `nbest` for more, as far as a search may be that wide.
            domain: the domain of the utterance, one of `domains`; where none is named the model finds it out.

        Raises:
            DataError: `nbest`, `beam` or `domain` is none that there can be.
        """
        return next(self.parse_many([text], nbest=nbest, beam=beam, domain=domain))

    def parse_many(
        self,
        lines: Iterable[str],
        batch_size: int = 64,
        nbest: int = 1,
        beam: int | None = None,
        domain: str | Iterable[str | None] | None = None,
    ) -> Iterator[Parse]:
        """The parses of many utterances, in order, as they are asked for; `nbest` and `beam` as in `parse`.

        `domain` is one for all of them, or one, or None, for each; where none is named the model finds it out.

        As many lines are read ahead as fill some batches of like lengths; with a batch size of 1, none. A line that
        cannot be parsed is answered by a `Parse` without a tree that says why.

        Raises:
            DataError: what is asked for is none that there can be: `lines` is one str, `batch_size` is 0.
            ValueError: there are more lines than domains, or fewer.
        """
        if isinstance(lines, str):
            raise DataError("parse_many takes several utterances: parse takes one")
        requests = self._named(map(self._request, lines), domain)
        return self._parse_requests(requests, _Search.checked(batch_size, nbest, beam))

    def parse_tokenized(
        self,
        rows: Iterable[tuple[str, Sequence[str]]],
        batch_size: int = 64,
        nbest: int = 1,
        beam: int | None = None,
        domain: str | Iterable[str | None] | None = None,
    ) -> Iterator[Parse]:
        """As `parse_many`, for utterances that bring their own tokens.

            next(nlu.parse_tokenized([("play music!", ["play", "music!"])])).words   # ('play', 'music!')

        The tokens win: an utterance in which they are not found is taken to be the tokens between spaces.
        """
        requests = self._named((_given(*row) for row in rows), domain)
        return self._parse_requests(requests, _Search.checked(batch_size, nbest, beam))

    def _named(self, requests: Iterable[_Request], domain: str | Iterable[str | None] | None) -> Iterator[_Request]:
        """The requests with their domains; one name for all is looked up at once."""
        if domain is None or isinstance(domain, str):
            one = self._known(domain)
            return (replace(request, domain=one) for request in requests)
        each = zip(requests, map(self._known, domain), strict=True)
        return (replace(request, domain=name) for request, name in each)

    def _known(self, domain: str | None) -> str | None:
        if domain is not None and domain not in self.domains:
            known = ", ".join(self.domains) or "none: it was not trained with output layers of their own"
            raise DataError(f"the model has no domain {domain!r}; it has {known}")
        return domain

    def _request(self, text: str) -> _Request:
        return _refused(text) or _checked(text, tuple(tokenize(text, self.model.tokenizer)))

    def _parse_requests(self, requests: Iterator[_Request], search: _Search) -> Iterator[Parse]:
        size = search.batch_size * _WINDOW if search.batch_size > 1 else 1  # one by one answers as soon as it is asked
        while window := list(islice(requests, size)):
            parses = [request.unparsed for request in window]
            for indices in _batches(window, search):
                answers = self._parse_batch([window[index] for index in indices], search)
                for index, parse in zip(indices, answers, strict=True):
                    parses[index] = parse
            yield from parses

    def _parse_batch(self, requests: list[_Request], search: _Search) -> Iterator[Parse]:
        words, domains = [request.words for request in requests], [request.domain for request in requests]
        inputs = self._indexer.inputs(words, domains)
        for request, derivations in zip(requests, search.derivations(self._network, inputs), strict=True):
            best, *others = (self._parse(request, derivation) for derivation in derivations)
            yield replace(best, others=tuple(others)) if others else best

    def _parse(self, request: _Request, derivation: Derivation) -> Parse:
        network = self._network
        tree = built(network.system, derivation.actions, request.words, network.vocabulary.grammar)
        return Parse(
            utterance=request.utterance,
            tokens=request.tokens,
            tree=ParseTree(tree, self._formalism.write(tree, self.ontology)),
            log_prob=derivation.log_prob,
            actions=derivation.actions,
            intents=FlatView(request.utterance, request.tokens, self.ontology).intents(tree),
            kinds=self.ontology.kinds,
            weights=derivation.attention,
            domain=derivation.domain,
        )


@dataclass(frozen=True)
class _Search:
    """How to look for the best parses."""

    batch_size: int
    nbest: int
    beam: int

    @classmethod
    def checked(cls, batch_size: int, nbest: int, beam: int | None) -> _Search:
        if batch_size < 1 or nbest < 1:
            raise DataError("batch size and number of parses are 1 or more")
        if beam is None:
            beam = 1 if nbest == 1 else max(nbest, min(2 * nbest, WIDEST))
        if beam < nbest:
            raise DataError(f"a beam of {beam} cannot hold {nbest} parses: it is {nbest} or more")
        if beam > WIDEST:
            raise DataError(f"a beam of {beam} is too wide: {WIDEST} hypotheses are the most")
        return cls(batch_size, nbest, beam)

    def derivations(self, network: ParserNetwork, inputs: Inputs) -> list[list[Derivation]]:
        """The best derivations of each utterance of a batch."""
        from parser.decoding import beam, greedy

        if self.beam == 1:
            return [[derivation] for derivation in greedy.parse_batch(network, inputs)]
        return beam.parse_batch(network, inputs, self.beam, self.nbest)


@dataclass(frozen=True)
class _Request:
    """An utterance on its way to the network, or why it does not go there."""

    utterance: str
    tokens: tuple[Token, ...]
    error: str | None = None
    domain: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(token.text for token in self.tokens)

    @property
    def unparsed(self) -> Parse:
        return Parse(self.utterance, self.tokens, error=self.error, domain=self.domain)


def _refused(text: object) -> _Request | None:
    """Why something is no utterance; None where it is one."""
    if not isinstance(text, str):
        return _Request(str(text), (), f"an utterance is a str, not a {type(text).__name__}")
    try:
        check_utf8(text)
    except DataError as error:
        return _Request(_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text), (), error.reason)
    return None


def _checked(utterance: str, tokens: tuple[Token, ...]) -> _Request:
    if not tokens or not all(token.text for token in tokens):
        return _Request(utterance, (), "there is nothing to parse: the utterance has no words")
    if len(tokens) > LONGEST:
        return _Request(utterance, (), f"the utterance has {len(tokens)} words; {LONGEST} are the most")
    return _Request(utterance, tokens)


def _given(utterance: str, words: Sequence[str]) -> _Request:
    if refused := _refused(utterance) or _refused(" ".join(words)):
        return refused
    try:
        return _checked(utterance, tuple(locate(utterance, tuple(words))))
    except DataError:
        utterance = " ".join(words)
        return _checked(utterance, tuple(locate(utterance, tuple(words))))


def _batches(window: list[_Request], search: _Search) -> Iterator[list[int]]:
    """Indices of what can be parsed, in batches of like length."""
    batch: list[int] = []
    most = min(_BATCH_WORDS, _BATCH_HYPOTHESES // search.beam)
    usable = [index for index, request in enumerate(window) if request.error is None]
    for index in sorted(usable, key=lambda index: len(window[index].tokens)):
        if len(batch) == search.batch_size or (batch and (len(batch) + 1) * len(window[index].tokens) > most):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
