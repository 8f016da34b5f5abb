"""Writes the sample corpus: simple spoken-style requests with intents and slots, in nine domains.

    python -m data_conversion.sample.generate [DESTINATION]

`grammars/DOMAIN.cfg` holds the phrasings of a domain as an `nltk.CFG`, `grammars/shared.cfg` what all domains use, and
`values/NAME.txt` the open value lists, a value a line. Four conventions make requests of them:

- a production of `INTENT/FORM` is a *template*, and one of `INTENT/FORM/test` (or `/dev`) a template held out of train;
- the form is `command`, `question`, `statement` or `phrase`, and says what may stand before and after (`shared.cfg`);
- `SLOT/NAME` on a right side is a slot whose value is a derivation of `NAME`, which is a symbol or a value list;
- every value list is split three ways by a hash of the value, so dev and test hold values that train never shows.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from data_conversion.errors import DataError
from data_conversion.files import atomic_folder
from data_conversion.sample.formats import bio_columns, write_formats, write_lines
from data_conversion.sample.row import Row
from data_conversion.tokenization import tokenize

if TYPE_CHECKING:
    from nltk import CFG, Nonterminal, Production

Item = TypeVar("Item")
HERE = Path(__file__).parent
SEED = 2019
SIZES = {"train": 9000, "dev": 700, "test": 1000}
HELD_OUT_TEMPLATES = 0.32  # share of dev and test rows whose template is not in train
UNSEEN_VALUES = 0.9  # share of dev and test rows whose open slots, if any, are filled with values not in train
SAID_ONCE = ("please", "thanks", "thank", "hey", "now")
VOWEL_SOUND = re.compile(r"8|1[18]\b|[aeiou](?!ne\b|ni)")  # "an old song" but "a one hour timer"
# What the article and the documentation ask of a parser trained on this corpus must not be in it.
FORBIDDEN_WORDS = {"quinoa", "kombucha", "paprika"}
FORBIDDEN_PAIRS = (("apples", "oranges"), ("peanut butter", "milk"), ("star wars", "tonight"))


def split_of(value: str) -> str:
    """The split that a value belongs to, whatever list it stands in.

    >>> split_of("olive oil") == split_of("olive oil")
    True
    """
    bucket = hashlib.sha256(value.encode()).digest()[0] % 20
    return "train" if bucket < 14 else "dev" if bucket < 16 else "test"


@dataclass(frozen=True)
class Template:
    """A phrasing of an intent: one production of the grammar."""

    id: str
    intent: str
    form: str
    split: str
    production: Production


@dataclass(frozen=True)
class Domain:
    """The phrasings of one domain, and its grammar with the open lists of one split each."""

    name: str
    grammars: dict[str, CFG]

    @cached_property
    def templates(self) -> list[Template]:
        """Every template, in the order of the file."""
        templates: list[Template] = []
        counts: dict[str, int] = {}
        for production in self.grammars["train"].productions():
            intent, *rest = production.lhs().symbol().split("/")
            if rest:
                number = counts[production.lhs().symbol()] = counts.get(production.lhs().symbol(), 0) + 1
                split = rest[1] if len(rest) > 1 else "train"
                templates.append(Template(f"{production.lhs()}/{number}", intent, rest[0], split, production))
        return templates

    def row(self, template: Template, values: str, chance: random.Random) -> Row:
        """One request on a template, its open slots filled from the lists of the split `values`."""
        from nltk import Nonterminal

        before, after = (Nonterminal(f"{place}{template.form.title()}") for place in ("Before", "After"))
        tokens: list[str] = []
        tags: list[str] = []
        for text, slot in expand(self.grammars[values], (before, *template.production.rhs(), after), chance):
            words = [token.text for token in tokenize(text)]
            tokens += words
            tags += [f"B-{slot}", *[f"I-{slot}"] * (len(words) - 1)] if slot else ["O"] * len(words)
        for index, following in enumerate(tokens[1:]):
            if tokens[index] == "a" and VOWEL_SOUND.match(following):
                tokens[index] = "an"
        return Row(self.name, template.intent, template.id, tuple(tokens), tuple(tags))


def expand(
    grammar: CFG, symbols: Sequence[str | Nonterminal], chance: random.Random
) -> Iterator[tuple[str, str | None]]:
    """A random derivation of some symbols: pieces of text, each with the slot it fills or None."""
    from nltk import Nonterminal

    for symbol in symbols:
        if isinstance(symbol, str):
            yield symbol, None
            continue
        slot, _, name = symbol.symbol().rpartition("/")
        productions = grammar.productions(lhs=Nonterminal(name))
        if not productions:
            raise DataError(f"the sample grammar uses {symbol} but neither a symbol nor a value list is named {name!r}")
        pieces = expand(grammar, _choose(productions, chance).rhs(), chance)
        if slot:
            yield " ".join(text for text, _ in pieces), slot
        else:
            yield from pieces


def domains() -> list[Domain]:
    """The domains, by name, read from the grammars and value lists."""
    shared = (HERE / "grammars" / "shared.cfg").read_text(encoding="utf-8")
    common = {split: shared + _value_productions(split) for split in SIZES}
    return [
        Domain(path.stem, {split: _grammar(path.read_text(encoding="utf-8") + common[split]) for split in SIZES})
        for path in sorted((HERE / "grammars").glob("*.cfg"))
        if path.stem != "shared"
    ]


def _grammar(text: str) -> CFG:
    from nltk import CFG  # 2 s: only who generates pays for it

    return CFG.fromstring(re.sub(r"\n\s+\|", " |", text))  # an alternative may stand on its own line


def _value_productions(split: str) -> str:
    """The open lists of a split, as grammar text."""
    lines = []
    for path in sorted((HERE / "values").glob("*.txt")):
        values = dict.fromkeys(path.read_text(encoding="utf-8").split("\n"))
        chosen = [f'"{value}"' for value in values if value and split_of(value) == split]
        if not chosen:
            raise DataError(f"the list is too short: it has no value for {split}", file=path)
        lines.append(f"\n{path.stem} -> {' | '.join(chosen)}")
    return "".join(lines) + "\n"


def rows(seed: int = SEED) -> dict[str, list[Row]]:
    """The rows of every split; no utterance stands twice.

    Raises:
        DataError: the grammars annotate the same words in two ways.
    """
    chance = random.Random(seed)
    everything = [(domain, template) for domain in domains() for template in domain.templates]
    frames: dict[tuple[str, ...], Row] = {}
    corpus: dict[str, list[Row]] = {}
    for split, size in SIZES.items():
        corpus[split] = []
        while len(corpus[split]) < size:
            row = _draw(everything, split, chance)
            if not _is_allowed(row):
                continue
            known = frames.setdefault(row.tokens, row)
            if known is row:
                corpus[split].append(row)
            elif (known.intent, known.tags) != (row.intent, row.tags):
                raise DataError(f"{known.template} and {row.template} annotate {row.utterance!r} in two ways")
    return corpus


def _draw(everything: Sequence[tuple[Domain, Template]], split: str, chance: random.Random) -> Row:
    home = split if chance.random() < HELD_OUT_TEMPLATES else "train"
    values = split if chance.random() < UNSEEN_VALUES else "train"
    domain, template = _choose([entry for entry in everything if entry[1].split == home], chance)
    return domain.row(template, values, chance)


def _is_allowed(row: Row) -> bool:
    """Whether a person would say it so, and the article does not."""
    if any(row.tokens.count(word) > 1 for word in SAID_ONCE) or len(set(row.values)) < len(row.values):
        return False
    padded = f" {' '.join(row.tokens)} "
    return FORBIDDEN_WORDS.isdisjoint(row.tokens) and not any(
        all(f" {value} " in padded for value in pair) for pair in FORBIDDEN_PAIRS
    )


def _choose(items: Sequence[Item], chance: random.Random) -> Item:
    """As `random.choice`, on the one generator function whose results Python promises never to change."""
    return items[int(chance.random() * len(items))]


def write(destination: str | Path, seed: int = SEED) -> None:
    """Write `corpus/` (the folders of `seq.in`, `seq.out`, `label` and `template`) and `formats/`."""
    corpus = rows(seed)
    for split, name in (("train", "train"), ("dev", "valid"), ("test", "test")):
        with atomic_folder(Path(destination) / "corpus" / name) as folder:
            columns = {**bio_columns(corpus[split]), "template": [row.template for row in corpus[split]]}
            for column, lines in columns.items():
                write_lines(folder / column, lines)
    write_formats(corpus["train"], Path(destination) / "formats")


def main() -> None:
    """The command line."""
    cli = argparse.ArgumentParser(description="Write the sample corpus.")
    cli.add_argument("destination", nargs="?", type=Path, default=HERE, help="folder to write to")
    write(cli.parse_args().destination)


if __name__ == "__main__":
    main()
