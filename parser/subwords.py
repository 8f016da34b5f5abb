"""Sentencepiece pieces of words, learnt from the training utterances.

The model travels as base64 text inside the vocabulary, and as `pieces.model` in a model folder.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

from data_conversion.errors import DataError


class Pieces:
    """A sentencepiece model that spells single words; ids start at 2, as for words and characters."""

    def __init__(self, model: bytes) -> None:
        import sentencepiece  # only encoders over pieces need it

        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    @classmethod
    def from_base64(cls, model: str) -> Pieces:
        """The pieces that `learn_pieces` gave."""
        return cls(base64.b64decode(model))

    @property
    def size(self) -> int:
        """One more than the largest id."""
        return self._processor.get_piece_size() + 2

    def encode(self, word: str) -> list[int]:
        """The ids of a word's first 32 pieces, at least one."""
        return [index + 2 for index in self._processor.encode(word.lower())[:32]] or [1]


def learn_pieces(utterances: Iterable[str], size: int) -> str:
    """A unigram model of at most `size` pieces over lower-cased utterances, in base64.

    Raises:
        DataError: there is no text to learn from.
    """
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(utterance.lower() for utterance in utterances),
            model_writer=model,
            vocab_size=size,
            hard_vocab_limit=False,
            character_coverage=1.0,
            normalization_rule_name="identity",
            minloglevel=2,
        )
    except RuntimeError as error:
        raise DataError(f"no pieces can be learnt from these utterances: {error}") from None
    return base64.b64encode(model.getvalue()).decode("ascii")
