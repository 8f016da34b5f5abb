"""What the constraints of a model (`parser.transitions.constraints`) do to its parses.

>>> from data_conversion.tree import Leaf
>>> tokens, genre = ("play", "folk"), Node("Genre", (Leaf("folk", 1),))
>>> gold = Node("Play", (genre,))
>>> compare([Example("1", "music", "play folk", tokens, gold)], [gold], [Node("Play", (Node("Play", (genre,)),))])
{'constraints_changed': 100.0, 'exact_match_with_constraints': 100.0, 'exact_match_without_constraints': 0.0}
"""

from __future__ import annotations

from collections.abc import Sequence

from data_conversion.example import Example
from data_conversion.tree import Node
from parser.evaluation.metrics import exact_match


def compare(
    examples: Sequence[Example], constrained: Sequence[Node | None], free: Sequence[Node | None]
) -> dict[str, float]:
    """The share of parses whose labels, order or words the constraints changed, and exact match with and without them.

    Args:
        examples: the annotated examples.
        constrained: the tree for each with constraints, or None where there is none.
        free: and without.
    """
    unlike = [one is not None and not exact_match(one, other) for one, other in zip(constrained, free, strict=True)]
    right, right_freely = (
        [exact_match(example.tree, tree) for example, tree in zip(examples, trees, strict=True)]
        for trees in (constrained, free)
    )
    return {
        "constraints_changed": 100 * sum(unlike) / len(examples),
        "exact_match_with_constraints": 100 * sum(right) / len(examples),
        "exact_match_without_constraints": 100 * sum(right_freely) / len(examples),
    }
