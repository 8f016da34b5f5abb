"""A pretrained encoder of the `transformers` library, its pieces pooled to words and its upper layers mixed.

Its weights are fine-tuned with a learning rate of their own, or frozen for the first epochs or for all. What frozen
weights say of an utterance is computed once and remembered, so that such epochs are about as fast as a Bi-LSTM's. The
embeddings of the pieces, half of MiniLM's weights, always stay as they are: updating them would double the optimiser's
work and leave the pieces behind that training never shows. The mixture of layers is that of ELMo (Peters et al., NAACL
2018).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from parser.encoders.pieces import PieceSequences
from parser.encoders.pretrained_files import PretrainedFiles
from parser.encoders.windows import Windows
from parser.inputs import Inputs
from parser.sizes import require_shares, require_sizes
from parser.vocabulary import Vocabulary

_WIDEST = 512  # pieces at once, also where an encoder would take more: attention grows with the square
_CACHE_BYTES = 2 * 1024**3


class Pretrained(nn.Module):
    """[batch, length, dim] contextual encodings of the words of *play quinoa*, pieces *play*, *qui* and *##noa*.

    Words are cased or not as the encoder's tokenizer does it. An utterance of more pieces than the encoder takes is
    encoded in windows that overlap by half (see `Windows`).

    Args:
        vocabulary: the symbols of the training set; the encoder brings its own.
        name: a folder, a name on the hub, or `minilm`, which works without a network.
        unfreeze_at: the epoch from which the encoder's weights learn: 0 from the start, null never.
        learning_rate: the encoder's highest learning rate.
        layers: how many of the upper layers are mixed.
        dropout: dropout on the mixture.
        bf16: compute the encoder's layers in bfloat16 while training, which pays on processors that have it; parsing is
            in full precision.
        folder: the model folder that holds an exported parser, whose files then take the place of `name`'s; nothing
            to set in a config.

    Raises:
        DataError: the encoder cannot be had, or is of another kind.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        name: str = "minilm",
        unfreeze_at: int | None = 0,
        learning_rate: float = 5e-5,
        layers: int = 4,
        dropout: float = 0.3,
        bf16: bool = True,
        folder: Path | None = None,
    ) -> None:
        super().__init__()
        require_sizes("the pretrained encoder", layers=layers)
        require_shares(dropout=dropout)
        files = PretrainedFiles.exported(folder) if folder else PretrainedFiles.pretrained(name)
        self.model = files.model
        self.model.get_input_embeddings().requires_grad_(False)
        self.tuned = [weights for weights in self.model.parameters() if weights.requires_grad]
        self.files = files.texts()
        config = files.model.config
        self.dim = int(config.hidden_size)
        self.learning_rate, self.unfreeze_at, self.bf16 = learning_rate, unfreeze_at, bf16
        self._tokenizer = WordTokenizer(files.tokenizer)
        self._pad = config.pad_token_id or 0
        positions = getattr(config, "max_position_embeddings", None) or _WIDEST
        # RoBERTa's first two positions are for padding
        self._width = min(_WIDEST, positions - 2) - self._tokenizer.specials
        require_sizes(f"the windows of the encoder {name}", width=self._width)
        self.layers = min(layers, config.num_hidden_layers + 1)
        self.mixture = nn.Parameter(torch.zeros(self.layers))
        self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(dropout)
        self._cache: FeatureCache | None = None

    @staticmethod
    def require(*, name: str, **_: object) -> None:
        """Does nothing if the encoder of this name can be had; it is downloaded if need be.

        Raises:
            DataError: it cannot be had, or is of another kind.
        """
        PretrainedFiles.pretrained(name)

    @property
    def frozen(self) -> bool:
        """Whether the pretrained weights are frozen now."""
        return self._cache is not None

    def start_epoch(self, epoch: int) -> None:
        """Freeze or unfreeze what the epoch asks for; what was remembered of frozen weights is forgotten with them."""
        freeze = self.unfreeze_at is None or epoch < self.unfreeze_at
        if not freeze:
            self._cache = None
        elif self._cache is None:
            self._cache = FeatureCache(_CACHE_BYTES)
        for weights in self.tuned:
            weights.requires_grad_(not freeze)
        self.train(self.training)

    def train(self, mode: bool = True) -> Pretrained:
        """As for any module; frozen weights have no dropout."""
        super().train(mode)
        self.model.train(mode and not self.frozen)
        return self

    def forward(self, inputs: Inputs) -> Tensor:
        """[batch, length, dim]; what stands beyond an utterance's end means nothing."""
        features = self._features(inputs) if self._cache is None else self._cache(inputs, self._features)
        mixed = features.unflatten(-1, (self.layers, self.dim)).transpose(2, 3) @ self.mixture.softmax(0)
        return self.dropout(self.scale * mixed)

    def _features(self, inputs: Inputs) -> Tensor:
        """[batch, length, layers * dim] the layers that are mixed, of each word."""
        tokenizer = self._tokenizer
        sequences = PieceSequences.of(inputs, tokenizer.pieces(inputs).to(inputs.words.device))
        sequences = replace(sequences, ids=sequences.ids - 1)
        windows = Windows.of(sequences, self._width, prefix=tokenizer.prefix, suffix=tokenizer.suffix, pad=self._pad)
        # only while a parser is trained: afterwards a parse must not depend on what it is batched with
        with torch.autocast(windows.ids.device.type, torch.bfloat16, enabled=self.bf16 and self.training):
            states = self.model(windows.ids, attention_mask=windows.mask.long(), output_hidden_states=True)
        encoded = torch.cat(states.hidden_states[-self.layers :], dim=-1).float()
        return sequences.pooled(windows.joined(encoded))


class WordTokenizer:
    """The pieces of single words, as the tokenizer of a pretrained encoder cuts them.

    Args:
        text: the tokenizer in the format of the `tokenizers` library, as JSON.
    """

    def __init__(self, text: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(text)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._known: dict[str, list[int]] = {}
        whole = self._tokenizer.encode(["a"], is_pretokenized=True)
        inside = [index for index, special in enumerate(whole.special_tokens_mask) if not special]
        self.prefix, self.suffix = whole.ids[: inside[0]], whole.ids[inside[-1] + 1 :]

    @property
    def specials(self) -> int:
        """How many special pieces stand around a sequence."""
        return len(self.prefix) + len(self.suffix)

    def pieces(self, inputs: Inputs) -> Tensor:
        """[distinct words, pieces] one more than the ids of the pieces, in the order of `Inputs.spellings`; 0 pads."""
        distinct = dict.fromkeys(itertools.chain.from_iterable(inputs.tokens))
        return pad_sequence([torch.tensor(self._look_up(word)) for word in distinct], batch_first=True)

    def _look_up(self, word: str) -> list[int]:
        if word not in self._known:
            if len(self._known) > 100_000:  # a server must not remember every word it was ever sent
                self._known.clear()
            self._known[word] = [index + 1 for index in self._encode(word) or self._encode("?")]
        return self._known[word]

    def _encode(self, word: str) -> list[int]:
        """The first 32 pieces of a word; none where it is nothing to the tokenizer, as a zero-width space may be."""
        return self._tokenizer.encode([word], is_pretokenized=True, add_special_tokens=False).ids[:32]


class FeatureCache:
    """What frozen weights say of each utterance, in half precision; what finds no room is computed anew each time.

    Args:
        room: the most bytes to remember.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._known: dict[tuple[str, ...], Tensor] = {}

    def __call__(self, inputs: Inputs, compute: Callable[[Inputs], Tensor]) -> Tensor:
        """[batch, length, dim] what `compute` gives, or has given."""
        known = [self._known[words] for words in inputs.tokens if words in self._known]
        if len(known) == len(inputs.tokens):
            return pad_sequence(known, batch_first=True).to(inputs.words.device).float()
        features = compute(inputs)
        for words, row in zip(inputs.tokens, features.half().cpu()):
            row = row[: len(words)].clone()
            if words not in self._known and row.nbytes <= self._room:
                self._known[words] = row
                self._room -= row.nbytes
        return features
