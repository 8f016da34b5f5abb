"""The commands that make and use models.

semparse parse models/quickstart "play music"
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data_conversion.errors import DataError
from parser.commands import FORMALISM, SYSTEM, Command, Options, argument, progress_bar, report_file, whole

if TYPE_CHECKING:
    from data_conversion.example import Example
    from data_conversion.tree import Node
    from parser.api import Parse, SemanticParser


def export(options: Options) -> None:
    from parser.training.export import export

    export(options.run_folder, options.destination)
    print(f"{options.destination}: try semparse parse {options.destination} 'play music'")


def evaluate(options: Options) -> None:
    import time

    from data_conversion.example import read_examples
    from data_conversion.files import atomic_file
    from data_conversion.ontology import Ontology
    from parser.evaluation import metrics, report
    from parser.evaluation.constraints import compare

    nlu = _loaded(options)
    switched = _with_constraints_switched(nlu) if options.compare_constraints else None
    beside = options.data.parent / "ontology.json"
    ontology = Ontology.load(beside) if beside.is_file() else nlu.ontology
    examples = list(read_examples(options.data, ontology))
    if not examples:
        raise DataError("the file is empty: there is nothing to evaluate on", file=options.data)
    words_kept = nlu.model.vocabulary["words_kept"]
    if words_kept != all(example.words_kept for example in examples):
        keeps, drops, how = ("model", "data", "keep") if words_kept else ("data", "model", "drop")
        remedy = f"exact match minds it: convert the data with --words {how}"
        print(f"note: the {keeps}'s trees keep all words and the {drops}'s do not; {remedy}", file=sys.stderr)
    begin = time.process_time()
    parses = list(_parsed(nlu, examples, options))
    seconds = time.process_time() - begin
    trees = [_with_positions_of(example, parse) for example, parse in zip(examples, parses, strict=True)]
    figures = metrics.evaluate(examples, trees, ontology=nlu.ontology, train_values=nlu.model.values)
    if options.raw:  # whether a tree is whole is a question of the words that the parser saw
        whole = [metrics.is_valid(parse.tree, parse.words, nlu.ontology, words_kept=words_kept) for parse in parses]
        figures["tree_validity"] = 100 * sum(whole) / len(whole)
    if nlu.domains and not options.named_domains:
        told = sum(parse.domain == example.domain for example, parse in zip(examples, parses))
        figures["domain_accuracy"] = 100 * told / len(examples)
    figures["parse_utt_s"] = len(examples) / seconds
    if switched is not None:
        both = [[parse.tree for parse in some] for some in (parses, _parsed(switched, examples, options))]
        figures |= compare(examples, *(both if nlu.model.model_config["constraints"] else reversed(both)))
    print(report.format_table(figures))
    if options.json:
        with atomic_file(options.json) as temporary:
            temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.report:
        report.write_html(figures, examples, trees, options.report, ontology=nlu.ontology)
    if options.predictions:
        scores = [parse.score for parse in parses]
        ontologies = {"ontology": ontology, "model_ontology": nlu.ontology}
        report.write_predictions(examples, trees, scores, options.predictions, **ontologies)


def _with_constraints_switched(nlu: SemanticParser) -> SemanticParser:
    """The same model without constraints, or with them where it parses without."""
    from dataclasses import replace

    from parser import SemanticParser

    config = nlu.model.model_config
    return SemanticParser(replace(nlu.model, model_config={**config, "constraints": not config["constraints"]}))


def _loaded(options: Options) -> SemanticParser:
    """The model, on one thread: a step is so small that more threads only wait for each other."""
    import torch

    from parser import SemanticParser

    torch.set_num_threads(1)
    return SemanticParser.from_pretrained(options.model, options.package)


def _parsed(nlu: SemanticParser, examples: list[Example], options: Options) -> Iterator[Parse]:
    domains = (example.domain for example in examples) if options.named_domains else None
    if options.raw:
        utterances = (example.utterance for example in examples)
        parses = nlu.parse_many(utterances, options.batch_size, beam=options.beam, domain=domains)
    else:
        rows = ((example.utterance, example.tokens) for example in examples)
        parses = nlu.parse_tokenized(rows, options.batch_size, beam=options.beam, domain=domains)
    with progress_bar("utterances", len(examples)) as progress:
        for parse in parses:
            progress(1)
            yield parse


def _with_positions_of(example: Example, parse: Parse) -> Node | None:
    """The parsed tree with its leaves placed in the example's own tokens, which `--raw` has cut afresh."""
    from data_conversion.tokenization import locate
    from data_conversion.tree import Leaf

    if parse.tree is None or parse.words == example.tokens:
        return parse.tree
    try:
        index = {token: position for position, token in enumerate(locate(example.utterance, example.tokens))}
    except DataError:  # the example's tokens are not in its utterance, so nothing has a place in them
        index = {}

    def placed(leaf: Leaf) -> Leaf:
        return leaf if leaf.position is None else Leaf(leaf.text, index.get(parse.tokens[leaf.position]))

    return parse.tree.map_leaves(placed)


def parse(options: Options) -> None:
    nlu = _loaded(options)
    lines = iter(options.text) if options.text else _standard_input()
    if options.text or not sys.stdin.isatty():
        parses = nlu.parse_many(lines, options.batch_size, nbest=options.nbest, domain=options.domain)
    else:
        one = partial(nlu.parse, nbest=options.nbest, domain=options.domain)
        parses = map(one, lines)  # a person waits for each answer
    write = {"tree": _write_tree, "pretty": _write_drawing, "json": _write_json}[options.format]
    for number, parse in enumerate(parses, start=1):
        write(parse, number, options.nbest)
        if options.batch_size == 1:
            sys.stdout.flush()  # a program that asks one by one waits for each answer


def _standard_input() -> Iterator[str]:
    """The lines of standard input; bytes that are not UTF-8 are kept, to be answered with an error each."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _write_tree(parse: Parse, number: int, nbest: int) -> None:
    """A line for each utterance, empty where there is no tree; of n best a line each: utterance, score and tree."""
    if parse.tree is None:
        print(f"utterance {number}: {parse.error}", file=sys.stderr)
    if nbest == 1:
        print(parse.tree or "")
        return
    for alternative in parse.alternatives:
        print(number, f"{alternative.score:.4g}", alternative.tree, sep="\t")


def _write_drawing(parse: Parse, number: int, nbest: int) -> None:
    print(parse.utterance)
    for rank, alternative in enumerate(parse.alternatives or [parse], start=1):
        if nbest > 1:
            print(f"{rank}. score {alternative.score:.4g}")
        print(alternative.pretty())
    print()


def _write_json(parse: Parse, number: int, nbest: int) -> None:
    print(json.dumps(parse.to_dict(alternatives=nbest > 1), ensure_ascii=False))


def oracle(options: Options) -> None:
    from data_conversion import formalisms
    from data_conversion.ontology import Ontology
    from parser import transitions

    ontology = Ontology.load(options.ontology)
    tree = formalisms.load(options.formalism).read(options.tree, ontology)
    ontology.check(tree)
    actions = transitions.load(options.system).oracle(tree.numbered() if options.words == "keep" else tree)
    print(*actions, sep="\n")
    print(f"{options.system}: {len(actions)} actions", file=sys.stderr)  # standard output is actions alone


def results(options: Options) -> None:
    from parser.evaluation.results import render

    for table in render("results", "README.md"):
        print(f"README.md: table {table}")


_MODEL = (
    argument("model", metavar="MODEL", type=Path, help="a model folder"),
    argument("--package", metavar="NAME", action="append", default=[], help="a package of yours that has its classes"),
)

COMMANDS = {
    "export": Command(
        export,
        "a model folder of plain files, from a run's best checkpoint",
        "semparse export runs/quickstart models/quickstart",
        (
            argument("run_folder", metavar="RUN", type=Path, help="the folder of a run"),
            argument("destination", metavar="MODEL", type=Path, help="the model folder to write"),
        ),
    ),
    "evaluate": Command(
        evaluate,
        "all metrics of a model on annotated data",
        "semparse evaluate models/quickstart data/sample/test.jsonl",
        (
            *_MODEL,
            argument("data", metavar="DATA.jsonl", type=Path, help="converted data"),
            argument("--json", metavar="OUT", type=report_file, help="also write the metrics as JSON"),
            argument("--report", metavar="OUT.html", type=report_file, help="also write a page with the errors"),
            argument("--predictions", metavar="OUT.jsonl", type=report_file, help="also write every prediction"),
            argument("--batch-size", type=whole, default=64, metavar="N", help="utterances parsed together (64)"),
            argument("--beam", type=whole, default=1, metavar="N", help="hypotheses kept; 1 is greedy search (1)"),
            argument("--compare-constraints", action="store_true", help="also say what the constraints change"),
            argument("--raw", action="store_true", help="cut the utterances with the model's tokenizer"),
            argument("--named-domains", action="store_true", help="tell the model the domain of each utterance"),
        ),
    ),
    "parse": Command(
        parse,
        "the trees of utterances",
        "semparse parse models/quickstart 'play music' --format pretty",
        (
            *_MODEL,
            argument("text", metavar="TEXT", nargs="*", help="utterances (default: standard input, one a line)"),
            argument("--format", choices=["tree", "pretty", "json"], default="tree", help="how to write them (tree)"),
            argument(
                "--nbest", type=whole, default=1, metavar="K", help="best parses; a line: number, score, tree (1)"
            ),
            argument("--batch-size", type=whole, default=64, metavar="N", help="parsed together; 1: as they come (64)"),
            argument("--domain", metavar="NAME", help="their domain (default: the model finds it out)"),
        ),
    ),
    "oracle": Command(
        oracle,
        "the derivation of a tree, an action a line",
        "semparse oracle '(PlayMusicIntent(Mediatype(music)))' --ontology data/sample/ontology.json",
        (
            argument("tree", metavar="TREE", help="a tree"),
            argument("--ontology", metavar="FILE", type=Path, required=True, help="the ontology.json of its data"),
            argument("--system", type=SYSTEM, default="top-down", metavar="NAME", help="the system (top-down)"),
            argument("--formalism", type=FORMALISM, default="bracket", metavar="NAME", help="of the tree (bracket)"),
            argument("--words", choices=["keep", "drop"], default="drop", help="keep: its leaves are all words (drop)"),
        ),
    ),
    "results": Command(results, "the README's tables, from results/*.json", "semparse results", ()),
}
