"""The model card: the README.md of a model folder, which says what the model is and how to call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_conversion.ontology import Ontology

_NO_PERCENT = ("count", "_utt_s")  # endings of what is measured on dev beside the metrics

_TEMPLATE = """\
# A semantic parser

Turns an utterance into a tree of the formalism `{formalism}`. Made with semparse.

```python
from parser import SemanticParser

parse = SemanticParser.from_pretrained("path/to/this/folder").parse("…")
print(parse.tree, parse.intents)
```

{domains}## Training

- data: `{data}`, {train_examples} training examples{source}
- network: {network}
- {parameters:,} parameters; {pretrained}

## On the dev set, which chose the model

| metric | |
|---|---|
{metrics}

`score` is the model's own probability and is not calibrated.

## Labels

{labels}
"""

_DOMAINS = """\
One parser of several domains: `parse("…", domain="…")` names one, otherwise the parser finds it out; `parse.domain`
says which. It is one of {names}.

"""


def model_card(
    *,
    facts: Mapping[str, Any],
    model_config: Mapping[str, Any],
    formalism: str,
    ontology: Ontology,
    domains: Sequence[str],
    parameters: int,
) -> str:
    """The text of the card.

    Args:
        facts: `data`, `train_examples` and `dev`, the metrics on the dev set; `source`, the model that it went on from.
        model_config: the network's blocks and sizes.
        formalism: how the trees are written.
        ontology: the labels.
        domains: the domains that can be named; none where the model does not tell domains apart.
        parameters: how many weights the network has.
    """
    blocks = [value["class_path"].rpartition(".")[2] for value in model_config.values() if isinstance(value, Mapping)]
    measured = {name.removeprefix("dev/"): value for name, value in sorted(facts["dev"].items())}
    metrics = [f"| {name} | {value:.1f} |" for name, value in measured.items() if not name.endswith(_NO_PERCENT)]
    encoder = model_config["encoder"].get("init_args", {}).get("name")
    return _TEMPLATE.format(
        formalism=formalism,
        domains=_DOMAINS.format(names=", ".join(domains)) if domains else "",
        data=facts["data"],
        train_examples=facts["train_examples"],
        source=f", after those of the model `{facts['source']}`" if facts.get("source") else "",
        network=", ".join(blocks),
        pretrained=f"the pretrained encoder `{encoder}`" if encoder else "no pretrained encoder",
        parameters=parameters,
        metrics="\n".join(metrics),
        labels="\n".join(f"- {domain}: {', '.join(labels)}" for domain, labels in ontology.domains.items()),
    )
