"""The readers on real releases: every row is there, and flat annotation comes back from the trees."""

from __future__ import annotations

import re
from itertools import islice

import pytest

from data_conversion import formalisms, readers, transforms
from data_conversion.blocks import blocks
from data_conversion.frames import frame_of, tags_of
from parser.transitions.system import Grammar, replay
from parser.transitions.top_down import TopDown

COUNTS = {
    "snips": ("snips", {"train": 13784, "test": 700}),
    "snips_bio": ("bio", {"train": 13084, "dev": 700, "test": 700}),
    "atis_bio": ("bio", {"train": 4478, "dev": 500, "test": 893}),
    "mixsnips": ("mix", {"train": 39776, "dev": 2198, "test": 2199}),
    "mixatis": ("mix", {"train": 13162, "dev": 759, "test": 828}),
    "top": ("top", {"train": 28410, "dev": 4032, "test": 8241}),
    "overnight": ("overnight", {"train": 10942, "test": 2740}),
    "nlmaps_v1": ("nlmaps", {"train": 1500, "test": 880}),
    "topv2": ("top", {"train": 124597, "dev": 17160, "test": 38785}),
}


LONG = ("mixsnips", "mixatis")
"""Sets whose reader has more to find out than others, and takes a minute."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in COUNTS]
)
def test_every_row_is_there(shared_data, name):
    path = shared_data(name)
    reader_name, counts = COUNTS[name]
    recognising = [other for other in readers.names() if readers.load(other).recognises(path)]
    assert recognising == [reader_name]
    reader = readers.load(reader_name)
    found = {
        split: sum(1 for file in files for _ in reader.read(file)) for split, files in reader.files(path).splits.items()
    }
    assert found == counts


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("split", ["dev", pytest.param("test", marks=pytest.mark.slow)])
def test_tags_and_intents_of_compounds_come_back(shared_data, name, split):
    file = shared_data(name) / f"{split}.txt"
    for block, row in zip(blocks(file), readers.load("mix").read(file), strict=True):
        example = row.example()
        assert tags_of(example) == [line.split(" ")[1] for line in block.lines[:-1]]
        assert list(frame_of(example.tree).intents) == block.lines[-1].split("#")


@pytest.mark.parametrize("name", ["snips_bio", "atis_bio"])
@pytest.mark.parametrize("split", ["valid", "test"])
def test_tags_and_intents_of_simple_requests_come_back(shared_data, name, split):
    for row in readers.load("bio").read(shared_data(name) / split):
        words, tags, intent = row.text.split(" | ")
        example = row.example()
        assert tags_of(example) == tags.split()
        assert frame_of(example.tree).intents == (intent.strip(),)
        assert example.tokens == tuple(words.split())


@pytest.mark.parametrize(
    ("mixed", "simple", "least"), [("mixsnips", "snips_bio", 0.995), ("mixatis", "atis_bio", 0.97)]
)
@pytest.mark.parametrize("split", ["dev", pytest.param("test", marks=pytest.mark.slow)])
def test_clauses_are_the_simple_requests_they_were_made_of(shared_data, mixed, simple, least, split):
    known = set()
    for part in ("train", "valid", "test"):
        for row in readers.load("bio").read(shared_data(simple) / part):
            example = row.example()
            known.add((example.tokens, example.tree.label))
    found = total = 0
    for row in readers.load("mix").read(shared_data(mixed) / f"{split}.txt"):
        tree = row.example().tree
        for clause in [child for child in tree.children if hasattr(child, "label")] if tree.label == "and" else [tree]:
            total += 1
            found += (tuple(leaf.text for leaf in clause.leaves()), clause.label) in known
    assert found >= least * total


_FORMULA = {"overnight": r".*\(targetFormula +\| +(.*) \| +\) \| \)", "nlmaps_v1": r".* \| (.*)"}


@pytest.mark.parametrize("step", [50, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["overnight", "nlmaps_v1"])
def test_logical_forms_are_canonical_and_have_derivations(shared_data, name, step):
    reader = readers.load(COUNTS[name][0])
    files = [file for files in reader.files(shared_data(name)).splits.values() for file in files]
    for row in (row for file in files for row in islice(reader.read(file), 0, None, step)):
        example = row.example()
        formula = re.fullmatch(_FORMULA[name], row.text)
        assert formula and formalisms.load(example.formalism).write(example.tree) == formula[1]
        assert all(node.children for node in example.tree.nodes())
        grammar = Grammar(words_kept=False, bound_base=100)
        assert replay(TopDown(), TopDown().oracle(example.tree), example.tokens, grammar) == example.tree


@pytest.mark.parametrize("step", [500, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["top", "topv2"])
def test_trees_of_requests_are_canonical_and_have_derivations(shared_data, name, step):
    reader, formalism, drop_words = readers.load("top"), formalisms.load("top"), transforms.load("drop-words")
    files = [file for files in reader.files(shared_data(name)).splits.values() for file in files]
    for row in (row for file in files for row in islice(reader.read(file), 0, None, step)):
        kept = row.example()
        assert formalism.write(kept.tree).split() == row.text.split("\t")[-1].split()
        for example in (kept, drop_words(kept)):
            childless = frozenset(node.label for node in example.tree.nodes() if not node.children)
            grammar = Grammar(example is kept, childless, bound_base=100)
            assert replay(TopDown(), TopDown().oracle(example.tree), example.tokens, grammar) == example.tree


def test_low_resource_samples_are_read_once(shared_data):
    reader, folder = readers.load("top"), shared_data("topv2") / "low_resource_splits"

    def counts(path):
        splits = reader.files(path).splits
        return {split: sum(1 for file in files for _ in reader.read(file)) for split, files in splits.items()}

    assert counts(folder) == {"train": 7552 + 4197, "dev": 2219 + 2044}
    assert counts(folder / "reminder_train_25spis.tsv") == {"train": 493, "dev": 337}
