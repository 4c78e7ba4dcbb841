"""A recurrent language model that vectorises: an LSTM whose cells are written out from linear layers."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import Shape

_GATES = 4


class Cell(nn.Module):
    """One layer of an LSTM, from the zero state: (n, T, inputs) to (n, T, hidden).

    With a = W_x x_t + W_h h_{t-1} + b in four parts i, f, g, o, as in `torch.nn.LSTM`:
    c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g) and h_t = sigmoid(o) tanh(c_t). There is one bias b, which is the sum
    of the two that `torch.nn.LSTM` has. All weights start uniform within 1/sqrt(hidden), as there.

    Attributes:
        input: W_x and b, applied to all positions at once.
        recurrent: W_h.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        """Numbers per position that it takes and gives."""
        super().__init__()
        self.input = nn.Linear(inputs, _GATES * hidden)
        self.recurrent = nn.Linear(hidden, _GATES * hidden, bias=False)
        for weight in self.parameters():
            nn.init.uniform_(weight, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Inputs (n, T, inputs) to the states after each, (n, T, hidden)."""
        h = c = None
        states = []
        for driven in self.input(x).unbind(1):
            i, f, g, o = (driven if h is None else driven + self.recurrent(h)).chunk(_GATES, -1)
            new = i.sigmoid() * g.tanh()
            c = new if c is None else torch.addcmul(new, f.sigmoid(), c)
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, 1)


class TiedOutput(nn.Module):
    """A linear layer whose matrix is the one of the embedding; only the bias, zero at the start, is its own."""

    def __init__(self, tokens: int) -> None:
        """Number of logits."""
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(tokens))

    def forward(self, states: Tensor, embedding: Tensor) -> Tensor:
        """States (n, T, hidden) and the embedding (tokens, hidden) to logits (n, T, tokens)."""
        return functional.linear(states, embedding, self.bias)


class LanguageModel(nn.Module):
    """Logits of every token of a sequence from the tokens before it.

    Codes (n, T), as floating-point numbers padded at the right with -1, give logits (n, T, tokens). Position s sees
    codes 0..s-1 and what stands behind them not at all; the first sees a zero vector. What is given at a padded
    position means nothing.

    The embedding starts from N(0, 1), as PyTorch's does; where it is the output's matrix, too, from N(0, 1/hidden), so
    that the logits start small.

    Attributes:
        embedding: (tokens, embedding) one row per token.
        cells: one after the other.
        output: states to logits.
    """

    def __init__(self, tokens: int, embedding: int, hidden: int, layers: int, *, tied: bool = False) -> None:
        """Sizes; with `tied` the output's matrix is the embedding, whose width is then `hidden`."""
        super().__init__()
        self.embedding = nn.Embedding(tokens, embedding)
        widths = [embedding, *[hidden] * layers]
        self.cells = nn.ModuleList(Cell(a, b) for a, b in itertools.pairwise(widths))
        self.output = TiedOutput(tokens) if tied else nn.Linear(hidden, tokens)
        if tied:
            nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(hidden))

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (n, T) to logits (n, T, tokens)."""
        # Padding reads row 0: nothing that counts comes after it.
        before = self.embedding(codes[:, :-1].long().clamp_min(0))
        states = functional.pad(before, (0, 0, 1, 0))
        for cell in self.cells:
            states = cell(states)
        if isinstance(self.output, TiedOutput):
            logits: Tensor = self.output(states, self.embedding.weight)
        else:
            logits = self.output(states)
        return logits


def lstm(spec: NetworkSpec, shape: Shape) -> LanguageModel:
    """The language model of a spec, for a vocabulary of `shape.outputs` tokens."""
    return LanguageModel(shape.outputs, spec.embedding, spec.width, spec.depth, tied=spec.tied)
