"""The history is the LSTM's, one action at a time too."""

from __future__ import annotations

import torch

from parser.history import History


def test_a_step_makes_what_the_lstm_makes_and_the_projections_of_an_actions_parts_add() -> None:
    torch.manual_seed(0)
    history, kinds, rows = History(5, 3), torch.randn(2, 4, 5), torch.randn(2, 4, 5)
    with torch.inference_mode():
        states, state = history(kinds + rows), history.start(2, 1)
        for step in range(4):
            now = slice(step, step + 1)
            state = history.step(history.project(kinds[:, now]) + history.project(rows[:, now]), state)
            torch.testing.assert_close(state[0], states[:, now])
