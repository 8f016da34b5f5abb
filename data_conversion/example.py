"""One annotated utterance, and the JSON lines that hold many.

    {"id": "train-1", "domain": "music", "utterance": "play music", "tokens": ["play", "music"],
     "tree": "(PlayMusicIntent(Mediatype(music)))", "leaves": [1], "formalism": "bracket"}

`leaves` has one entry a leaf of `tree`, left to right: the index in `tokens` of the word it copies, or null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.files import atomic_file, check_utf8, read_lines
from data_conversion.json_text import parse_json
from data_conversion.ontology import Ontology
from data_conversion.tokenization import tokenize
from data_conversion.tree import Leaf, Node


@dataclass(frozen=True, slots=True)
class Example:
    """An utterance, its tokens and its tree.

    Raises:
        DataError: a leaf with a position is not the token at that position.
    """

    id: str
    domain: str
    utterance: str
    tokens: tuple[str, ...]
    tree: Node
    formalism: str = "bracket"

    def __post_init__(self) -> None:
        for leaf in self.tree.leaves():
            position = leaf.position
            if position is not None and not (0 <= position < len(self.tokens) and self.tokens[position] == leaf.text):
                raise DataError(f"the leaf {leaf.text!r} is not token {position} of {' '.join(self.tokens)!r}")

    @property
    def leaves(self) -> list[int | None]:
        """The position of every leaf, left to right."""
        return [leaf.position for leaf in self.tree.leaves()]

    @property
    def words_kept(self) -> bool:
        """Whether every word of the utterance stands in the tree, in order."""
        return self.leaves == list(range(len(self.tokens)))

    @property
    def our_tokens(self) -> bool:
        """Whether the tokens are those of our own tokenizer."""
        return self.tokens == tuple(token.text for token in tokenize(self.utterance))

    def to_json(self, ontology: Ontology) -> str:
        """The example as one line of a data file.

        Raises:
            DataError: the tree cannot be written in its formalism so that it reads back.
        """
        record = {
            "id": self.id,
            "domain": self.domain,
            "utterance": self.utterance,
            "tokens": self.tokens,
            "tree": formalisms.load(self.formalism).write(self.tree, ontology),
            "leaves": self.leaves,
            "formalism": self.formalism,
        }
        line = json.dumps(record, ensure_ascii=False)
        check_utf8(line)
        return line

    @classmethod
    def from_json(cls, line: str, ontology: Ontology) -> Example:
        """The example that a line of a data file holds.

        Raises:
            DataError: the line is not JSON, a field is missing or wrong, or tree, leaves and tokens disagree.
        """
        check_utf8(line)
        record = _record(line)
        tree = formalisms.load(record["formalism"]).read(record["tree"], ontology)
        leaves = record["leaves"]
        count = sum(1 for _ in tree.leaves())
        if len(leaves) != count:
            raise DataError(f"`leaves` has {len(leaves)} entries but the tree {record['tree']} has {count} leaves")
        positions = iter(leaves)
        tree = tree.map_leaves(lambda leaf: Leaf(leaf.text, next(positions)))
        return cls(
            record["id"], record["domain"], record["utterance"], tuple(record["tokens"]), tree, record["formalism"]
        )


_FIELDS = {"id": str, "domain": str, "utterance": str, "tokens": list, "tree": str, "leaves": list, "formalism": str}


def _record(line: str) -> Mapping[str, Any]:
    record = parse_json(line)
    if not isinstance(record, dict):
        raise DataError("not a JSON object: one object a line is expected")
    for field, kind in _FIELDS.items():
        if not isinstance(record.get(field), kind):
            raise DataError(f"the field {field!r} is missing or is no {kind.__name__}")
    if not all(isinstance(token, str) and token for token in record["tokens"]):
        raise DataError("`tokens` holds something that is no string, or an empty one")
    if not all(position is None or type(position) is int for position in record["leaves"]):
        raise DataError("`leaves` holds something that is neither an index nor null")
    return record


def read_examples(path: str | Path, ontology: Ontology) -> Iterator[Example]:
    """The examples of a data file, one by one.

    Raises:
        DataError: with file and line, at the first line that is no example.
    """
    for number, line in read_lines(path):
        try:
            yield Example.from_json(line, ontology)
        except DataError as error:
            raise error.at(file=path, line=number) from None


def write_examples(path: str | Path, examples: Iterable[Example], ontology: Ontology) -> int:
    """Write a data file, whole or not at all; returns the number of examples."""
    count = 0
    with atomic_file(path) as temporary, open(temporary, "w", encoding="utf-8") as lines:
        for count, example in enumerate(examples, start=1):  # noqa: B007
            lines.write(example.to_json(ontology) + "\n")
    return count
