"""Constraints learnt from training: which label may stand under which, and which may be the root.

What stands under a label in training may stand there. So may any slot of the domain's intents under any of them, since
many an intent is too rare to have been seen with every slot that it takes: held to pairs, a parser of ATIS that meets a
new one puts another intent between the two.

They hold for decoding alone. An action fits where every child that it settles under a parent may stand there:

- top-down, `Open` and a terminal settle the new node or leaf under the nearest open node, or as the root;
- in-order, `Open` settles the top of the stack under the new node, and any other action the finished top under the
  nearest open node, or `Finish` as the root;
- bottom-up, `Reduce` settles the topmost entries under the new node, and `Finish` the tree as the root.

Constraints are soft: where no legal action fits, they do not apply to that step, so that the parser always ends in a
whole tree. *play music*, whose words are dropped, has a slot under an intent, and no other way round:

    >>> from data_conversion.tree import Leaf
    >>> from parser.transitions.state import State
    >>> from parser.transitions.top_down import TopDown
    >>> learnt = Constraints({"PlayMusicIntent": ["Mediatype"], "Mediatype": []}, ["Mediatype"], ["PlayMusicIntent"])
    >>> state = State(length=2, bound=28)
    >>> print(*fitting(learnt, TopDown(), state, [Open("PlayMusicIntent"), Open("Mediatype")]))
    Open(PlayMusicIntent)
    >>> state = TopDown().apply(state, Open("PlayMusicIntent"), ["play", "music"])
    >>> print(*fitting(learnt, TopDown(), state, [Open("PlayMusicIntent"), Open("Mediatype"), Copy(1)]))
    Open(Mediatype)

Krishnamurthy, Dasigi and Gardner (EMNLP 2017) constrain by the types of a grammar, which here are labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.transitions.actions import Action, Copy, Finish, Generate, Kind, Open, Reduce
from parser.transitions.state import Item, State
from parser.transitions.system import TransitionSystem


@dataclass(frozen=True)
class Constraints:
    """What training has shown of how labels stand together.

    Attributes:
        children: for each label, those that may stand directly under it.
        leaves: the labels that leaves may stand directly under.
        roots: the labels that a root may have.
    """

    children: dict[str, list[str]]
    leaves: list[str]
    roots: list[str]

    @classmethod
    def learn(cls, ontology: Ontology, roots: Iterable[str]) -> Constraints:
        """From the ontology, and the labels of the training trees' roots, of which it says nothing."""
        children: dict[str, set[str]] = {}
        for labels in ontology.domains.values():
            intents = [label for label in labels.values() if label.kind == "intent"]
            slots = {child for label in intents for child in label.children if labels[child].kind == "slot"}
            for name, label in labels.items():
                children.setdefault(name, set()).update(label.children, slots if label.kind == "intent" else ())
        return cls(
            children={name: sorted(children[name]) for name in ontology.labels},
            leaves=[name for name, label in ontology.labels.items() if label.leaves],
            roots=sorted(roots),
        )

    def allow(self, parent: Node | None, child: Node | Leaf) -> bool:
        """Whether `child` may stand under `parent`, or be the root where there is none."""
        if parent is None:
            return isinstance(child, Node) and child.label in self.roots
        if isinstance(child, Leaf):
            return parent.label in self.leaves
        return child.label in self.children.get(parent.label, ())


def fitting(
    constraints: Constraints, system: TransitionSystem, state: State, actions: Iterable[Action]
) -> list[Action]:
    """Those of the legal actions that fit; all of them where none does."""
    legal = list(actions)
    return [action for action in legal if fits(constraints, system, state, action)] or legal


def fits(constraints: Constraints, system: TransitionSystem, state: State, action: Action) -> bool:
    """Whether every child that an action settles may stand where it does."""
    return all(constraints.allow(parent, child) for parent, child in settled(system, state, action))


def settled(system: TransitionSystem, state: State, action: Action) -> list[tuple[Node | None, Node | Leaf]]:
    """The parents and children that a legal action joins for good; None is above the root."""
    top = state.top
    nearest = top.nearest_open if top is not None else None
    parent = nearest.content if nearest is not None else None
    assert not isinstance(parent, Leaf)
    on_top = [top.content] if top is not None and not top.is_open else []
    match action:
        case Reduce(label, arity):
            return [(Node(label), child) for child in _topmost(top, arity)]
        case Open(label) if system.adopts:
            return [(Node(label), child) for child in on_top]
        case Open(label):
            return [(parent, Node(label))]
        case Copy() | Generate() if not system.adopts and Kind.OPEN in system.kinds:
            return [(parent, Leaf(""))]
    return [(parent, child) for child in on_top] if system.adopts or isinstance(action, Finish) else []


def _topmost(top: Item | None, count: int) -> Iterator[Node | Leaf]:
    """What lies on the stack, from the top down."""
    for _ in range(count):
        assert top is not None
        yield top.content
        top = top.below
