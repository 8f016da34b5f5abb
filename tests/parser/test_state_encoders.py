"""What a state encoder sees: the rows on the stack and the words, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from strategies import vocabulary_for
from torch import Tensor, nn

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import Leaf, Node
from parser.derivations import Batch, Derivations
from parser.state_encoders.stack_lstm import StackLSTM
from parser.state_encoders.stack_transformer import StackTransformer
from parser.state_encoders.views import Stack, Words
from parser.transitions.top_down import TopDown

TOKENS = ("play", "jazz", "in", "the", "hall")
TREE = Node("Intent", (Node("Slot", (Leaf("jazz", 1),)), Node("Other", (Leaf("hall", 4),))))
# Its rows: 1 (Intent  2 (Slot  3 jazz  4 )  5 (Other  6 hall  7 )  8 )
FACTORIES = [partial(StackLSTM, dim=8), partial(StackTransformer, dim=8, heads=4, feed_forward=6)]


def encoder_for(factory: Callable[[int, int], nn.Module]) -> nn.Module:
    """One of rows of size 6 and words of size 5, none of whose weights are zero, which is where some start."""
    torch.manual_seed(0)
    encoder = factory(6, 5).eval()
    for weights in encoder.parameters():
        nn.init.normal_(weights, std=0.5)
    return encoder


def words_of(encoder: nn.Module, encoded: Tensor, mask: Tensor) -> Words:
    """As the state encoder sees them; what others see of them is empty."""
    nothing = encoded[..., :0]
    seen, domain = encoder.look(encoded), torch.zeros(len(mask), dtype=torch.long)
    others = dict.fromkeys(("rows", "ahead", "keys", "near", "attended", "alike", "domains"), nothing)
    return Words(mask, seen=seen, domain=domain, **others)


def gold_batch(*trees: Node) -> Batch:
    examples = [Example(str(index), "d", " ".join(TOKENS), TOKENS, tree) for index, tree in enumerate(trees)]
    return Derivations(examples, vocabulary_for(examples), TopDown()).batch(range(len(trees)))


def states(encoder: nn.Module, rows: Tensor, encoded: Tensor, batch: Batch) -> Tensor:
    with torch.inference_mode():
        return encoder(rows, words_of(encoder, encoded, batch.inputs.mask), batch.gold)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_state_depends_on_the_rows_on_the_stack_and_on_no_other(factory: Callable[[int, int], nn.Module]) -> None:
    encoder, batch = encoder_for(factory), gold_batch(TREE)
    on_stack = {1: {1}, 2: {1, 2}, 3: {1, 2, 3}, 4: {1, 4}, 5: {1, 4, 5}, 6: {1, 4, 5, 6}, 7: {1, 4, 7}, 8: {8}}
    rows, encoded = torch.randn(1, 8, 6), torch.randn(1, len(TOKENS), 5)
    before = states(encoder, rows, encoded, batch)
    for row in on_stack:
        changed = rows.clone()
        changed[0, row - 1] += 1
        moved = (states(encoder, changed, encoded, batch) - before).abs().amax(-1)[0] > 1e-6
        assert {at for at in range(9) if moved[at]} == {at for at, entries in on_stack.items() if row in entries}


def test_the_stack_transformer_sees_every_word_and_its_distance_from_the_focus() -> None:
    encoder, batch = encoder_for(FACTORIES[1]), gold_batch(TREE)
    rows, encoded = torch.randn(1, 8, 6), torch.randn(1, len(TOKENS), 5)
    before = states(encoder, rows, encoded, batch)[0, 1:]
    for word in range(len(TOKENS)):
        changed = encoded.clone()
        changed[0, word] += 1
        assert ((states(encoder, rows, changed, batch)[0, 1:] - before).abs().amax(-1) > 1e-6).all()
    swapped = states(encoder, rows, encoded[:, [1, 0, 2, 3, 4]], batch)[0, 1:]
    assert ((swapped - before).abs().amax(-1) > 1e-6).all()


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_padded_derivation_has_finite_states_and_gradients_and_changes_no_other(
    factory: Callable[[int, int], nn.Module],
) -> None:
    encoder = encoder_for(factory)
    alone, together = gold_batch(Node("Intent")), gold_batch(Node("Intent"), TREE)
    rows, encoded = torch.randn(2, 8, 6, requires_grad=True), torch.randn(2, len(TOKENS), 5)
    made = encoder(rows, words_of(encoder, encoded, together.inputs.mask), together.gold)
    steps = alone.gold.mask.shape[1]
    short = states(encoder, rows[:1, :steps].detach(), encoded[:1], alone)
    torch.testing.assert_close(made[:1, : steps + 1].detach(), short)
    made.sum().backward()
    assert bool(made.isfinite().all()) and bool(rows.grad.isfinite().all())
    assert all(bool(weights.grad.isfinite().all()) for weights in encoder.parameters() if weights.grad is not None)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_hypothesis_is_remembered_as_it_is_alone(factory: Callable[[int, int], nn.Module]) -> None:
    encoder, mask = encoder_for(factory), torch.tensor([[True] * 3, [True, True, False]])
    words, memory = words_of(encoder, torch.randn(2, 3, 5), mask), torch.randn(30, encoder.memory_dim)
    entries, depth = torch.randint(1, 30, (2, 4, 7)), torch.tensor([[0, 1, 2, 6], [3, 1, 5, 2]])
    entries[..., 0] = 0
    below = entries.gather(2, depth[..., None])[..., 0]
    rows, focus = encoder.project(torch.randn(2, 4, 6)), torch.tensor([[0, 1, 2, 3], [2, 1, 0, 2]])
    with torch.inference_mode():
        together = encoder.step(rows, words, Stack(memory, below, entries, depth, focus))
        for one in range(4):
            place = slice(one, one + 1)
            stack = Stack(memory, below[:, place], entries[:, place], depth[:, place], focus[:, place])
            torch.testing.assert_close(together[:, place], encoder.step(rows[:, place], words, stack))


def test_decoding_gathers_only_as_many_rows_as_the_highest_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = encoder_for(FACTORIES[1])
    encoded, memory = torch.randn(2, 3, 5), torch.randn(64, encoder.memory_dim)
    words = words_of(encoder, encoded, torch.ones(2, 3, dtype=torch.bool))
    entries = torch.randint(1, 64, (2, 1, 40))
    entries[..., 0] = 0
    stack = Stack(memory, entries[..., 2], entries, torch.tensor([[2], [4]]), torch.zeros(2, 1, dtype=torch.long))
    seen = []
    layer = encoder.layers[0]
    layer.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[1].shape[1]))
    with torch.inference_mode():
        first = encoder.step(rows := encoder.project(torch.randn(2, 1, 6)), words, stack)
        entries[0, 0, 3:] = entries[0, 0, 3:] % 63 + 1  # what lies after `depth` means nothing
        again = encoder.step(rows, words, stack)
    assert seen == [5, 5]  # the empty stack and four rows
    torch.testing.assert_close(first, again, rtol=0, atol=0)


@pytest.mark.parametrize(("dim", "heads"), [(8, 3), (10, 4)])
def test_heads_that_do_not_fit_are_refused_by_name(dim: int, heads: int) -> None:
    with pytest.raises(DataError, match=rf"state_encoder: heads must be even and divide dim, and {heads} and {dim}"):
        StackTransformer(6, 5, dim=dim, heads=heads)
