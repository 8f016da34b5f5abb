"""The arrows of the house: who may import whom, read from the sources, and how cheap `import parser` is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): path
    for package in ("data_conversion", "parser")
    for path in sorted((ROOT / package).rglob("*.py"))
}
STANDS_ON_TOP = ("parser.training", "parser.cli", "parser.commands", "parser.__main__")


def imports(module: str) -> Iterator[str]:
    """Everything that a module imports, late and for types too, as `module` or `module.name`."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def lies_in(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def culprits(inside: str, *forbidden: str) -> dict[str, list[str]]:
    """The modules of a package that import something forbidden, and what."""
    found = {
        module: [name for name in imports(module) if lies_in(name, *forbidden)]
        for module in SOURCES
        if lies_in(module, inside)
    }
    return {module: names for module, names in found.items() if names}


def test_the_sources_are_found() -> None:
    assert {"data_conversion.tree", "parser.api", "parser.transitions.top_down", "parser.training.cli"} <= set(SOURCES)
    assert "torch" in imports("parser.network")


@pytest.mark.parametrize(
    "inside, forbidden",
    [
        ("data_conversion", ["torch", "parser", "pytorch_lightning", "wandb"]),
        ("parser.batching", ["parser.network", "parser.decoding", "parser.api", "parser.artifact", "parser.encoders"]),
        ("parser.vocabulary", ["torch", "parser.batching", "parser.network", "parser.decoding", "parser.api"]),
        ("parser.domains", ["torch", "parser.vocabulary", "parser.network", "parser.decoding", "parser.api"]),
        ("parser.history", ["parser.vocabulary", "parser.network", "parser.decoding", "parser.api"]),
        ("parser.lookalikes", ["parser.vocabulary", "parser.network", "parser.decoding", "parser.api"]),
        ("parser.transitions", ["torch", "parser.vocabulary", "parser.network", "parser.decoding"]),
        ("parser.network", ["parser.decoding", "parser.api", "parser.artifact", "parser.evaluation"]),
        ("parser.heads", ["parser.decoding", "parser.api", "parser.network"]),
        ("parser.encoders", ["parser.decoding", "parser.api", "parser.network", "parser.state_encoders"]),
        ("parser.state_encoders", ["parser.decoding", "parser.api", "parser.network", "parser.encoders"]),
        ("parser.decoding", ["parser.api", "parser.artifact", "parser.evaluation"]),
        ("parser.evaluation", ["torch", "parser.api", "parser.decoding", "parser.network"]),
    ],
)
def test_arrows_go_one_way(inside: str, forbidden: list[str]) -> None:
    assert culprits(inside, *forbidden) == {}


def test_only_training_knows_lightning_and_wandb() -> None:
    found = culprits("parser", "pytorch_lightning", "lightning", "wandb")
    assert found and all(lies_in(module, "parser.training") for module in found)


def test_nobody_imports_what_stands_on_top() -> None:
    found = culprits("parser", *STANDS_ON_TOP) | culprits("data_conversion", *STANDS_ON_TOP)
    assert all(lies_in(module, *STANDS_ON_TOP) for module in found)


def test_the_packages_import_nothing_undeclared() -> None:
    declared = {"jsonargparse", "lark", "nltk", "numpy", "pooch", "pytorch_lightning", "requests", "yaml"}
    declared |= {"safetensors", "sentencepiece", "torch", "tqdm", "wandb", "data_conversion", "parser"}
    declared |= {"huggingface_hub", "tokenizers", "transformers"}  # the extra hf
    outside = {name.split(".")[0] for module in SOURCES for name in imports(module)} - set(sys.stdlib_module_names)
    assert outside - {"__future__", "parser"} <= declared


@pytest.mark.parametrize(
    "code, absent",
    [
        ("import parser", ["pytorch_lightning", "wandb", "transformers", "nltk", "torch", "tqdm"]),
        ("import data_conversion.convert", ["torch", "nltk", "parser", "pytorch_lightning"]),
        ("import data_conversion.download.fetch", ["pooch", "requests", "yaml", "parser"]),
        (
            "from parser import SemanticParser; import parser.network, parser.decoding.greedy, parser.batching",
            ["pytorch_lightning", "wandb", "transformers", "nltk"],
        ),
    ],
)
def test_importing_is_cheap(code: str, absent: list[str]) -> None:
    script = f"{code}\nimport sys\nprint([name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
