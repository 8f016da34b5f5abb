"""One parser for several domains, each with output layers of its own (multitask).

Damonte, Goel and Chung (NAACL 2019) share all of the parser but the output layers: those of the tokens, or those of the
tokens and of the labels. Here a domain's symbols are marked with its name, and of one matrix of all symbols a domain is
shown the rows of its own and of those without a mark, which is a layer a domain, and lets batches hold several. The
domain of an utterance is named, or told from the mean of its encoded words, which is learnt beside parsing and ours.

    >>> symbol = own("recipes", "en.recipe")
    >>> name_of(symbol), domain_of(symbol), domain_of("en.recipe")
    ('en.recipe', 'recipes', None)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node

SEPARATE = ("tokens", "labels")
"""What a domain can have output layers of its own for."""
_MARK = "\x1f"  # ASCII's unit separator: no label and no token holds one


def own(domain: str, name: str) -> str:
    """The symbol of a domain for a label or token."""
    return f"{domain}{_MARK}{name}"


def name_of(symbol: str) -> str:
    """The label or token that a symbol stands for, whatever its domain."""
    return symbol.rpartition(_MARK)[2]


def domain_of(symbol: str) -> str | None:
    """The domain that a symbol belongs to; None where all share it."""
    return symbol.partition(_MARK)[0] if _MARK in symbol else None


def marked(example: Example, separate: Collection[str], *, copy: bool) -> Example:
    """An example whose labels, or the tokens that it generates, are of its domain alone.

    Args:
        example: the example.
        separate: what is marked, of `SEPARATE`.
        copy: without it all leaves are generated.
    """
    domain = example.domain

    def leaf(leaf: Leaf) -> Leaf:
        generated = leaf.position is None or not copy
        return Leaf(own(domain, leaf.text)) if generated and "tokens" in separate else leaf

    def node(tree: Node) -> Node:
        children = tuple(leaf(child) if isinstance(child, Leaf) else node(child) for child in tree.children)
        return Node(own(domain, tree.label) if "labels" in separate else tree.label, children)

    return replace(example, tree=node(example.tree))


def marked_ontology(ontology: Ontology, domains: Collection[str]) -> Ontology:
    """An ontology of these domains, whose labels are of one domain each.

    Raises:
        DataError: it does not have one of them.
    """
    for domain in domains:
        if domain not in ontology.domains:
            known = ", ".join(ontology.domains)
            raise DataError(f"train has the domain {domain!r}, but its ontology has only {known}: convert it again")
    return Ontology(
        {
            domain: {
                own(domain, name): replace(label, children=tuple(own(domain, child) for child in label.children))
                for name, label in ontology.domains[domain].items()
            }
            for domain in domains
        }
    )
