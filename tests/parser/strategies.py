"""Random examples for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.vocabulary import Vocabulary

LABELS = ("Intent", "Slot", "Other", "and")
CHILDLESS = "Intent"
WORDS = ("play", "music", "in", "the", "Kitchen", "ü", "5:30")
LEXICON = ("argmax", "type")


@st.composite
def dropped_examples(draw: st.DrawFn) -> Example:
    """A random tree whose leaves copy any word, more than once too, or generate one."""
    tokens = tuple(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)))
    copied = st.integers(0, len(tokens) - 1).map(lambda position: Leaf(tokens[position], position))
    leaves = copied | st.sampled_from(LEXICON).map(Leaf)

    def node(children: st.SearchStrategy) -> st.SearchStrategy:
        return st.builds(
            lambda label, below: Node(label if below else CHILDLESS, tuple(below)),
            st.sampled_from(LABELS),
            st.lists(children, max_size=4),
        )

    return Example("x", "d", " ".join(tokens), tokens, draw(node(st.recursive(leaves, node, max_leaves=10))))


@st.composite
def kept_examples(draw: st.DrawFn) -> Example:
    """A random tree over all words of an utterance, in order."""
    tokens = tuple(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)))

    def build(start: int, end: int, depth: int) -> Node:
        children, position = [], start
        while position < end:
            size = draw(st.integers(1, end - position))
            if depth > 3 or draw(st.booleans()):
                children.append(Leaf(tokens[position], position))
                position += 1
            else:
                children.append(build(position, position + size, depth + 1))
                position += size
        return Node(draw(st.sampled_from(LABELS)), tuple(children))

    return Example("x", "d", " ".join(tokens), tokens, build(0, len(tokens), 0))


def vocabulary_for(examples: list[Example], *, copy: bool = True) -> Vocabulary:
    """The vocabulary of these examples; all labels are slots, which does not matter to the parser."""
    ontology = Ontology.learn((example.domain, example.tree, dict.fromkeys(LABELS, "slot")) for example in examples)
    return Vocabulary.learn(examples, ontology, copy=copy)
