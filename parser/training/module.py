"""The LightningModule: a network, its optimiser, and dev metrics by greedy parsing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytorch_lightning as lightning
import torch
from torch import Tensor, nn

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import Node
from parser.artifact import require_layout
from parser.decoding.greedy import Derivation, parse_batch
from parser.derivations import Batch
from parser.encoders import Tunable
from parser.evaluation.metrics import evaluate
from parser.inputs import to_device
from parser.network import ParserNetwork
from parser.sizes import require_shares
from parser.training.datamodule import ParserData, Utterances
from parser.training.transfer import Transfer, carry_over, part_of, require_others
from parser.transitions.system import TransitionSystem, replay
from parser.vocabulary import Vocabulary


class ParserModule(lightning.LightningModule):
    """Trains a `ParserNetwork`.

    Args:
        vocab: the vocabulary as plain data; linked from the datamodule.
        encoder: the encoder of the utterance.
        state_encoder: the encoder of the stack.
        system: the transition system.
        dim: size of rows and of the heads' hidden layer.
        history: units of the LSTM over the actions.
        attention: attend to the words; false is the paper's −Att.
        dropout: dropout on rows, on the history and in the heads.
        constraints: parse by what training has shown of which label may stand under which; training itself does not.
        label_smoothing: how much probability is spread over what is legal.
        learning_rate: AdamW's highest learning rate, reached after 3% of the steps; then it falls linearly to zero.
        weight_decay: AdamW's weight decay.
        transfer: how to go on from the model that `data.source` names; null where none is expected.

    Raises:
        DataError: a share, a size or a rate is none, or the blocks or what is said of the transfer do not fit.
    """

    def __init__(
        self,
        vocab: dict[str, Any],
        encoder: Callable[[Vocabulary], nn.Module],
        state_encoder: Callable[[int, int], nn.Module],
        system: TransitionSystem,
        dim: int = 192,
        history: int = 128,
        attention: bool = True,
        dropout: float = 0.2,
        constraints: bool = True,
        label_smoothing: float = 0.05,
        learning_rate: float = 1.5e-3,
        weight_decay: float = 0.01,
        transfer: Transfer | None = None,
    ) -> None:
        super().__init__()
        require_shares(label_smoothing=label_smoothing)
        for name, rate in {"learning_rate": learning_rate, "weight_decay": weight_decay}.items():
            if rate < 0:
                raise DataError(f"model.{name} is {rate}: it is 0 or more")
        self.save_hyperparameters(logger=False)  # the vocabulary is nothing to look at in W&B
        self.network = ParserNetwork(
            Vocabulary.from_dict(vocab),
            encoder,
            state_encoder,
            system,
            dim=dim,
            history=history,
            attention=attention,
            dropout=dropout,
            constraints=constraints,
        )
        self.label_smoothing, self.learning_rate, self.weight_decay = label_smoothing, learning_rate, weight_decay
        self.transfer = transfer or Transfer()
        self.transfer.check(self.network)
        self.train_utt_s = 0.0
        self._frozen: list[nn.Parameter] = []
        self._parsed: dict[int, Derivation] = {}
        self._seconds = 0.0

    @property
    def data(self) -> ParserData:
        """The datamodule of this run."""
        return self.trainer.datamodule  # type: ignore[attr-defined]

    def go_on_from(self, data: ParserData) -> None:
        """Begin with the weights of the model that the data names as its source, if it does.

        Raises:
            DataError: that model is of another architecture or of the same domains, or none is named where one is
                expected.
        """
        source = data.source_model
        if source is not None:
            blocks = self.network.encoder, self.network.state_encoder, self.network.system
            # the source's classes may lie where the config has these from
            allowed = tuple(type(block).__module__.partition(".")[0] for block in blocks)
            try:
                require_others(source.ontology, data.ontology)
                theirs = replace(source, packages=allowed).network()
                carry_over(self.network, theirs, self.transfer.new, data.ontology.domains)
            except DataError as error:
                raise error.at(file=source.folder) from None
        elif self.hparams["transfer"] is not None:
            raise DataError("model.transfer says how to go on from a model: name it by data.source")

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        loss = self.network.loss(batch, self.label_smoothing)
        self.log("train/loss", loss, on_step=True, on_epoch=False, prog_bar=True, batch_size=len(batch.indices))
        return loss

    def validation_step(self, batch: Utterances, _index: int) -> None:
        self._parse(batch)

    def test_step(self, batch: Utterances, _index: int) -> None:
        self._parse(batch)

    def predict_step(self, batch: Utterances, _index: int) -> None:
        self._parse(batch)

    def on_validation_epoch_end(self) -> None:
        self._log_metrics("dev", self.data.dev)
        if self.train_utt_s:
            self.log("train/utt_s", self.train_utt_s)

    def on_test_epoch_end(self) -> None:
        self._log_metrics("test", self.data.test)

    def parsed(self, examples: Sequence[Example]) -> list[tuple[Example, Node]]:
        """Those of the examples that were parsed since the last call, each with its tree."""
        grammar, system = self.network.vocabulary.grammar, self.network.system
        parsed = [(examples[index], self._parsed[index].actions) for index in sorted(self._parsed)]
        self._parsed.clear()
        return [(example, replay(system, actions, example.tokens, grammar)) for example, actions in parsed]

    def _parse(self, batch: Utterances) -> None:
        begin = time.process_time()
        self._parsed.update(zip(batch.indices, parse_batch(self.network, batch.inputs)))
        self._seconds += time.process_time() - begin

    def _log_metrics(self, split: str, examples: Sequence[Example]) -> None:
        gold, trees = zip(*self.parsed(examples))
        metrics = evaluate(gold, trees, ontology=self.data.ontology)
        metrics["parse_utt_s"] = len(trees) / self._seconds
        self.log(f"{split}/exact_match", metrics.pop("exact_match"), prog_bar=True)
        scalars = {name: float(value) for name, value in metrics.items() if isinstance(value, (int, float))}
        self.log_dict({f"{split}/{name}": value for name, value in scalars.items()})
        self._seconds = 0.0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What an export needs beside the weights, as plain data."""
        measured = self.trainer.callback_metrics.items()
        checkpoint["semparse"] = {
            "ontology": self.data.ontology.to_dict(),
            "tokenizer": self.data.tokenizer,
            "formalism": self.data.train[0].formalism,
            "values": self.data.values,
            "data": self.data.folder.name,
            "train_examples": len(self.data.train),
            "source": self.data.source_model.folder.name if self.data.source_model else None,
            "dev": {name: float(value) for name, value in measured if name.startswith("dev/")},
            "encoder_files": self.network.encoder.files if isinstance(self.network.encoder, Tunable) else {},
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The checkpoint must be of the same data and version: weights belong to a vocabulary and a network.

        Raises:
            DataError: it is of others.
        """
        file = self.trainer.ckpt_path
        if checkpoint["hyper_parameters"]["vocab"] != self.hparams["vocab"]:
            remedy = "give its run's own --config RUN/config.yaml"
            raise DataError(f"the checkpoint was trained on other data: {remedy}", file=file)
        try:
            require_layout(self.state_dict(), checkpoint["state_dict"])
        except DataError as error:
            raise error.at(file=file) from None

    def on_train_epoch_start(self) -> None:
        if isinstance(self.network.encoder, Tunable):
            self.network.encoder.start_epoch(self.current_epoch)
        learns = self.current_epoch >= self.transfer.frozen_epochs
        for weights in self._frozen:
            weights.requires_grad_(learns)

    def configure_optimizers(self) -> Any:
        """AdamW, with other learning rates for pretrained weights, which rises when they begin to learn, and for what
        carries over from another model."""
        steps, encoder, transfer = int(self.trainer.estimated_stepping_batches), self.network.encoder, self.transfer
        tuned = encoder.tuned if isinstance(encoder, Tunable) else []
        apart = {id(weights) for weights in tuned}
        learning = [
            (part_of(name), weights)
            for name, weights in self.network.named_parameters()
            if weights.requires_grad and id(weights) not in apart
        ]
        self._frozen = [weights for part, weights in learning if part in transfer.frozen]
        new = [weights for part, weights in learning if part in transfer.new]
        carried = [weights for part, weights in learning if part not in transfer.new]
        rate = transfer.learning_rate or self.learning_rate
        groups: list[dict[str, Any]] = [{"params": carried, "lr": rate}, *([{"params": new}] if new else [])]
        schedules = [rise_and_fall(0, steps) for _ in groups]
        if isinstance(encoder, Tunable) and encoder.unfreeze_at is not None:
            groups.append({"params": tuned, "lr": encoder.learning_rate})
            epoch = self.trainer.num_training_batches // self.trainer.accumulate_grad_batches
            schedules.append(rise_and_fall(epoch * encoder.unfreeze_at, steps))
        fused = "mixed" not in str(self.trainer.precision)  # with which Lightning clips no fused optimiser's gradients
        optimizer = torch.optim.AdamW(groups, self.learning_rate, weight_decay=self.weight_decay, fused=fused)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, schedules)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Any, device: torch.device, _dataloader: int) -> Any:
        return to_device(batch, device)


def rise_and_fall(begin: int, end: int) -> Callable[[int], float]:
    """The share of a learning rate at each step: it rises for 3% of the steps from `begin`, and is zero at the `end`.

    >>> share = rise_and_fall(100, 200)
    >>> [round(share(step), 2) for step in (0, 100, 102, 150, 200)]
    [0.0, 0.33, 1.0, 0.52, 0.0]
    """
    steps = max(1, end - begin)
    warm = max(1, round(0.03 * steps))

    def share(step: int) -> float:
        done = step - begin
        return max(0.0, min((done + 1) / warm, (steps - done) / max(1, steps - warm))) if done >= 0 else 0.0

    return share
