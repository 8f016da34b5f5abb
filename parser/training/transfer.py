"""Pretraining: a network goes on from the weights of one that was trained on other data.

    semparse fit --config configs/experiment/overnight.yaml --config configs/transfer/pretraining.yaml \\
        --data.source models/overnight_but_restaurants

After Damonte, Goel and Chung (NAACL 2019), who train on another domain first. Weights that stand for symbols carry over
symbol by symbol: *recipe* keeps its embedding wherever both vocabularies have it, and a label that both ontologies have
keeps its row of the output layer. All others carry over whole, so both networks are of one architecture. Either may
be of several domains: a symbol that is a domain's own (`parser.domains`) begins as that of the same domain, else as the
shared one of its name, else as another domain's.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from data_conversion.errors import DataError
from data_conversion.ontology import Ontology
from parser.domains import name_of, own
from parser.encoders import Tunable
from parser.encoders.features import WordFeatures
from parser.network import ParserNetwork


@dataclass(frozen=True)
class Transfer:
    """How a network goes on from another; its parts are its modules, by their names, such as `encoder` and `heads`.

    Attributes:
        new: the parts that begin anew.
        frozen: the parts that do not learn in the first epochs.
        frozen_epochs: how many epochs these are.
        learning_rate: the highest learning rate of the parts that carry over; null for that of the new ones.
    """

    new: Sequence[str] = ()
    frozen: Sequence[str] = ()
    frozen_epochs: int = 0
    learning_rate: float | None = None

    def check(self, network: ParserNetwork) -> None:
        """Does nothing if this can be done with the network.

        Raises:
            DataError: it has no such part, a part would be both new and frozen, or nothing would learn; or parts are
                frozen for no epochs.
        """
        parts = sorted({part_of(name) for name, _ in network.named_parameters()})
        for name in (*self.new, *self.frozen):
            if name not in parts:
                raise DataError(f"transfer: the network has no part {name!r}: it has {', '.join(parts)}")
        if both := sorted({*self.new} & {*self.frozen}):
            raise DataError(f"transfer: {both[0]} is new, so it has to learn: it cannot be frozen")
        if {*self.frozen} == {*parts}:
            raise DataError("transfer: all parts are frozen, so nothing would learn: leave one out")
        if bool(self.frozen) != (self.frozen_epochs > 0):
            raise DataError("transfer: frozen says which parts rest and frozen_epochs how long, from 1: say both")
        if "encoder" in self.frozen and isinstance(network.encoder, Tunable):
            raise DataError("transfer: a pretrained encoder is frozen by its own unfreeze_at")
        if self.learning_rate is not None and self.learning_rate <= 0:
            raise DataError(f"transfer: learning_rate is {self.learning_rate}: to learn, it is more than 0")


def part_of(name: str) -> str:
    """The part of the network that weights belong to."""
    return name.partition(".")[0]


@torch.no_grad()
def carry_over(
    network: ParserNetwork, source: ParserNetwork, new: Sequence[str] = (), domains: Collection[str] = ()
) -> None:
    """Give a network the weights of another, but for its new parts and for symbols that the other does not know.

    After restaurants, a parser of recipes begins with what *find* and *before* have come to mean, and with the rows of
    the output layers for the labels of both; *cilantro* and `en.recipe` begin anew.

    Args:
        network: the one that goes on.
        source: the other.
        new: the parts that begin anew.
        domains: the domains that the network is for, whose own symbols in the other are preferred to those of others.

    Raises:
        DataError: the other is of another architecture; what differs is named.
    """
    require_alike(network, source)
    theirs = source.state_dict()
    rows, their_rows = symbol_rows(network), symbol_rows(source)
    owners = dict.fromkeys([*domains, *source.vocabulary.domains])
    for name, weights in network.state_dict().items():  # which are the network's own
        if part_of(name) in new:
            continue
        if name not in rows:
            weights.copy_(theirs[name])
            continue
        places: dict[Hashable, int] = {}
        for place, symbol in enumerate(their_rows.get(name, [])):
            places.setdefault(symbol, place)  # a word "<unk>" is not what stands for unknown ones
        for place, symbol in enumerate(rows[name]):
            origin = next((places[each] for each in _counterparts(symbol, owners) if each in places), None)
            if origin is not None:
                weights[place] = theirs[name][origin]


def _counterparts(symbol: Hashable, domains: Iterable[str]) -> Iterator[Hashable]:
    """What may stand for a symbol in another network, best first: it, what all domains share, what a domain has."""
    yield symbol
    if isinstance(symbol, str):
        name = name_of(symbol)
        yield name
        yield from (own(domain, name) for domain in domains)


def require_others(source: Ontology, target: Ontology) -> None:
    """Does nothing if a source knows other domains than the target's or how to join their requests, or the target has
    labels that it does not know.

    Raises:
        DataError: the source has learnt the target's domains and no others, so that nothing is transferred.
    """
    known, wanted = source.domains, target.domains
    joins = any(kind == "operator" and label not in target.labels for label, kind in source.kinds.items())
    if not joins and set(known) == set(wanted) and all(set(wanted[domain]) <= set(known[domain]) for domain in wanted):
        what = f"the domain{'s' * (len(wanted) > 1)} {', '.join(map(repr, wanted))}"
        raise DataError(
            f"it has learnt {what} itself: name a model of another domain, resume its run by --ckpt_path, "
            "or give the domain of one of them, in its data, another name"
        )


def require_alike(network: ParserNetwork, source: ParserNetwork) -> None:
    """Does nothing if two networks differ in nothing but their symbols.

    Raises:
        DataError: they differ in more.
    """
    ours, theirs = _architecture(network), _architecture(source)
    for what in {**ours, **theirs}:
        if ours.get(what) != theirs.get(what):
            said = f"{what} is {theirs.get(what, 'not there')}, not {ours.get(what, 'there')}"
            raise DataError(f"the source is of another architecture than is trained now: {said}")


def _architecture(network: ParserNetwork) -> dict[str, object]:
    symbols, vocabulary = symbol_rows(network), network.vocabulary
    shapes = {
        f"the shape of {name}": list(weights.shape)
        for name, weights in network.state_dict().items()
        if name not in symbols
    }
    return {
        "the transition system": type(network.system).__name__,
        "words kept": vocabulary.words_kept,
        "copy": vocabulary.copy,
        "the encoder": type(network.encoder).__name__,
        "the state encoder": type(network.state_encoder).__name__,
        "attention": network.attended is not None,
        **_attention_heads(network),
        **shapes,
    }


def _attention_heads(network: ParserNetwork) -> dict[str, object]:
    """How many each module has, which the shapes of weights do not tell."""
    told = ((name, getattr(each, "num_heads", getattr(each, "heads", None))) for name, each in network.named_modules())
    return {f"the number of heads of {name}": heads for name, heads in told if isinstance(heads, int)}


def symbol_rows(network: ParserNetwork) -> dict[str, list[Hashable]]:
    """What each row of weights stands for, by the name of the weights; for weights without symbols there is nothing."""
    vocabulary = network.vocabulary
    labels, lexicon = vocabulary.labels, vocabulary.lexicon
    rows: dict[str, list[Hashable]] = {"labels.weight": [*labels], "lexicon.weight": [*lexicon, None]}
    arities = network.heads.arities
    for head, symbols in (
        ("labels", labels),
        ("arities", range(1, 1 + (arities.out_features if arities is not None else 0))),
        ("tokens", lexicon),
    ):
        rows |= {f"heads.{head}.{weights}": [*symbols] for weights in ("weight", "bias") if symbols}
    rows |= {f"domain.{weights}": [*vocabulary.domains] for weights in ("weight", "bias") if vocabulary.domains}
    for name, module in network.named_modules():
        if isinstance(module, WordFeatures):
            rows[f"{name}.words.weight"] = ["<pad>", "<unk>", *vocabulary.words]
            rows[f"{name}.characters.weight"] = ["<pad>", "<unk>", *vocabulary.characters]
    return rows
