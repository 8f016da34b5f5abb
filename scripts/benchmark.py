#!/usr/bin/env python
"""Measure speed and memory, one thread: of the parser on TOP, and of the conversion of TOPv2.

    scripts/benchmark.py speed [--model MODEL] [--peer NAME=METRIC=COMMAND]...
    scripts/benchmark.py data

Throughput is utterances per CPU-second of one process, so that what else the machine does matters little. Each phase is
a process of its own, whose peak memory is that of the phase. Raw data is read from the folder that SEMPARSE_DATA names
(default: data/). Records go to results/speed.json and results/data.json.

A peer is another parser that trains on the same data or parses it, in the same run: METRIC is train_utt_s,
parse_utt_s_batch64, parse_utt_s_batch1 or parse_utt_s_beam4, and COMMAND, seeded with 0, prints as its last line
{"utterances": N, "seconds": CPU_SECONDS} and, if it wants, its "params".
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from data_conversion.convert import convert
from data_conversion.errors import DataError
from parser import artifact
from parser.commands import one_line_errors
from parser.evaluation.recording import record, store
from parser.experiments import TestSet
from parser.experiments.data import raw
from parser.experiments.measuring import blocks

DATA = Path("data/converted/top")
CONFIG = "configs/experiment/top.yaml"
RESULTS = Path("results")
WARM_UP = 50
"""Training steps before the clock starts."""


# -- phases, each in its own process -----------------------------------------------------------------------------------


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Steps of the experiment's own training, on its own batches in their own order."""
    import pytorch_lightning as lightning

    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    from parser.training.cli import TRAINER_DEFAULTS, ParserCLI, ParserData, ParserModule

    class Clock(lightning.Callback):
        utterances, begin, seconds = 0, 0.0, 0.0

        def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
            if trainer.global_step == WARM_UP:
                self.begin = time.process_time()

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
            if trainer.global_step > WARM_UP:
                self.utterances += len(batch.indices)
                self.seconds = time.process_time() - self.begin

    clock = Clock()

    class TimedFit(ParserCLI):
        """`semparse fit` with a clock, and nothing else than training steps."""

        def instantiate_trainer(self, **_: Any) -> lightning.Trainer:
            return lightning.Trainer(
                **TRAINER_DEFAULTS,
                max_steps=WARM_UP + options.steps,
                limit_val_batches=0,
                callbacks=[clock],
                enable_checkpointing=False,
                enable_progress_bar=False,
            )

    with tempfile.TemporaryDirectory() as folder:
        arguments = ["fit", "--config", CONFIG, "--run", folder, "--wandb", "disabled"]
        fit = TimedFit(ParserModule, ParserData, args=arguments, seed_everything_default=0, save_config_callback=None)
    return {"utterances": clock.utterances, "seconds": clock.seconds, "params": parameters(fit.model)}


def parse(options: argparse.Namespace, batch_size: int, beam: int = 1) -> dict[str, Any]:
    """Parsing of dev by the Python face: from tokens to trees."""
    import torch

    from parser import SemanticParser

    torch.set_num_threads(1)
    nlu = SemanticParser.from_pretrained(options.model)
    rows = [(example.utterance, example.tokens) for example in TestSet(DATA / "dev.jsonl", "top", "dev").examples()]
    rows = rows[: options.limit]
    list(nlu.parse_tokenized(rows[:64], batch_size, beam=beam))
    begin = time.process_time()
    list(nlu.parse_tokenized(rows, batch_size, beam=beam))
    seconds = time.process_time() - begin
    return {"utterances": len(rows), "seconds": seconds, "params": parameters(nlu.model.network())}


def conversion(times: int) -> dict[str, Any]:
    """All of TOPv2, its rows repeated so many times, from its files to ours."""
    with tempfile.TemporaryDirectory() as folder:
        source = raw("topv2") if times == 1 else repeated(raw("topv2"), Path(folder) / "topv2", times)
        begin, begin_wall = time.process_time(), time.perf_counter()
        summary = convert(source, Path(folder) / "converted", reader="top")
        seconds, wall = time.process_time() - begin, time.perf_counter() - begin_wall
    return {"utterances": sum(summary.counts.values()) + summary.rejects, "seconds": seconds, "wall": wall}


def repeated(source: Path, destination: Path, times: int) -> Path:
    """Tables under a header, their rows repeated, in another folder."""
    destination.mkdir()
    for file in sorted(source.glob("*.tsv")):
        header, rows = file.read_bytes().split(b"\n", 1)
        with open(destination / file.name, "wb") as lines:
            lines.write(header + b"\n")
            for _ in range(times):
                lines.write(rows)
    return destination


def parameters(module: Any) -> int:
    return sum(weights.numel() for weights in module.parameters())


PHASES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "train": train,
    "parse_batch64": lambda options: parse(options, 64),
    "parse_batch1": lambda options: parse(options, 1),
    "parse_beam4": lambda options: parse(options, 64, beam=4),
}

CONVERSIONS = {"convert": 1, "convert_tenfold": 10}
"""How often the rows stand in what each phase converts."""


def run_phase(phase: str, options: argparse.Namespace) -> None:
    """Print what a phase measures, and the peak memory of this process."""
    told = PHASES[phase](options) if phase in PHASES else conversion(CONVERSIONS[phase])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({**told, "peak_memory_gib": peak}))


def measured(name: str, command: list[str]) -> dict[str, float]:
    """What a command measured in a process of its own, on one thread: the JSON object of the last line that it prints.

    Raises:
        DataError: it cannot be run, fails, or prints no such line.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise DataError(f"{name} cannot be run: {error}") from None
    if done.returncode:
        raise DataError(f"{name} failed with exit status {done.returncode}")
    try:
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return {"utt_s": told["utterances"] / told["seconds"], **told}
    except (LookupError, TypeError, ValueError, ArithmeticError):
        raise DataError(f'{name} must print {{"utterances": N, "seconds": CPU_SECONDS}} as its last line') from None


def measured_phase(phase: str, argv: list[str]) -> dict[str, float]:
    return measured(f"the phase {phase}", [sys.executable, __file__, *argv, "--phase", phase])


# -- peers -------------------------------------------------------------------------------------------------------------


class Peer(NamedTuple):
    """Another parser, and the command that measures it."""

    name: str
    metric: str
    command: list[str]


def peer(text: str) -> Peer:
    """What `--peer` says.

    >>> peer("SuPar=parse_utt_s_batch64=python supar.py --limit 1000")
    Peer(name='SuPar', metric='parse_utt_s_batch64', command=['python', 'supar.py', '--limit', '1000'])

    Raises:
        DataError: it is not NAME=METRIC=COMMAND.
    """
    name, metric, command = [*text.split("=", 2), "", ""][:3]
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise DataError(f"--peer {text!r}: {error}") from None
    if not (name and words and metric in map(speed_of, PHASES)):
        known = ", ".join(map(speed_of, PHASES))
        raise DataError(f"--peer {text!r} is not NAME=METRIC=COMMAND with a METRIC of {known}")
    return Peer(name, metric, words)


# -- records and table -------------------------------------------------------------------------------------------------


def speed_of(phase: str) -> str:
    """The metric of a phase.

    >>> speed_of("train"), speed_of("parse_batch64")
    ('train_utt_s', 'parse_utt_s_batch64')
    """
    return "train_utt_s" if phase == "train" else phase.replace("parse", "parse_utt_s")


def records(phases: dict[str, dict[str, float]], model: dict[str, Any]) -> list[dict[str, Any]]:
    """Throughput and peak memory of each phase, with what a record says of the model."""
    made = []
    for phase, told in phases.items():
        shared = {
            "table": "speed",
            "dataset": "top",
            "train": "top",
            "split": "train" if phase == "train" else "dev",
            "seeds": [0],
            "config": CONFIG,
            "words": "keep",
            **model,
            "beam": 4 if phase == "parse_beam4" else None if phase == "train" else 1,
            "params": int(told["params"]),
            "cpu_s": told["seconds"],
            "command": "scripts/benchmark.py speed",
        }
        made.append(record(metric=speed_of(phase), values=[told["utt_s"]], **shared))
        memory = f"peak_memory_gib_{phase.removeprefix('parse_')}"
        made.append(record(metric=memory, values=[told["peak_memory_gib"]], **shared))
    return made


def conversion_records(phases: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """Throughput and peak memory of each conversion."""
    made = []
    for phase, told in phases.items():
        shared = {
            "table": "data",
            "dataset": "topv2",
            "train": "nothing",
            "split": "train, dev and test",
            "words": "keep",
            "cpu_s": told["seconds"],
            "wall_s": told["wall"],
            "command": "scripts/benchmark.py data",
        }
        made.append(record(metric=f"{phase}_utt_s", values=[told["utt_s"]], **shared))
        made.append(record(metric=f"{phase}_peak_memory_mib", values=[1024 * told["peak_memory_gib"]], **shared))
    return made


def conversion_table(phases: dict[str, dict[str, float]]) -> str:
    """A conversion a line."""
    lines = [f"{'conversion of TOPv2, one thread':<34}{'rows':>10}{'rows/CPU-s':>12}{'CPU-s':>8}{'s':>8}{'MiB':>6}"]
    for phase, told in phases.items():
        name = f"its rows {CONVERSIONS[phase]} times" if CONVERSIONS[phase] > 1 else "as it is"
        figures = f"{told['utterances']:>10,}{told['utt_s']:>12,.0f}{told['seconds']:>8.1f}{told['wall']:>8.1f}"
        lines.append(f"{name:<34}{figures}{1024 * told['peak_memory_gib']:>6.0f}")
    return "\n".join(lines)


def peer_records(peers: list[tuple[Peer, dict[str, float]]]) -> list[dict[str, Any]]:
    """Throughput of each peer; its name stands where that of our transition system does."""
    return [
        record(
            table="speed",
            dataset="top",
            train="top",
            split="train" if each.metric == "train_utt_s" else "dev",
            seeds=[0],
            metric=each.metric,
            values=[told["utt_s"]],
            system=each.name,
            params=told.get("params"),
            cpu_s=told["seconds"],
            command="scripts/benchmark.py speed --peer",
        )
        for each, told in peers
    ]


def table(made: list[dict[str, Any]]) -> str:
    """A record a line: whose figure, of what, and the figure."""
    lines = [f"{'on TOP, one thread':<64}{'metric':<26}{'figure':>8}"]
    return "\n".join(lines + [f"{each['system']:<64}{each['metric']:<26}{each['mean']:>8.1f}" for each in made])


@one_line_errors
def main(argv: list[str]) -> int:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("what", choices=["speed", "data"], help="what to measure")
    cli.add_argument("--model", type=Path, default=Path("models/top"), help="speed: a model of TOP (models/top)")
    cli.add_argument("--steps", type=int, default=300, help="speed: training steps that are timed (300)")
    cli.add_argument("--limit", type=int, help="speed: parse only so many utterances of dev")
    cli.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=METRIC=COMMAND",
        help="speed: measure a peer too; repeatable",
    )
    cli.add_argument("--phase", choices=[*PHASES, *CONVERSIONS], help=argparse.SUPPRESS)
    options = cli.parse_args(argv)
    if options.phase:
        run_phase(options.phase, options)
    elif options.what == "data":
        phases = {phase: measured_phase(phase, argv) for phase in CONVERSIONS}
        store(RESULTS / "data.json", conversion_records(phases))
        print(conversion_table(phases))
    else:
        if not DATA.exists():
            convert(raw("top"), DATA, reader="top")
        model, peers = blocks(artifact.load(options.model)), [peer(text) for text in options.peer]
        beside = [(each, measured(f"the peer {each.name}", each.command)) for each in peers]
        phases = {phase: measured_phase(phase, argv) for phase in PHASES}
        made = records(phases, model) + peer_records(beside)
        store(RESULTS / "speed.json", made)
        print(table(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
