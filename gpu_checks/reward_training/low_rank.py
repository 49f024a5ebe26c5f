"""Low-rank updates of linear layers while they train (LoRA: Hu et al., arXiv 2106.09685)."""

from __future__ import annotations

import torch
from torch import nn

from verify.errors import InputError

#: The update of a layer is ``SCALE * B @ A``.
SCALE = 2.0


class LowRank(nn.Module):  # type: ignore[misc]
    """A linear layer that stays as it is, plus an update of low rank that is trained.

    Parameters
    ----------
    layer : nn.Linear
        The layer; its own weights no longer train.
    rank : int
        Of the update. It starts at 0: B is 0, and A is normal, with unit spread of its output for
        inputs of unit spread.
    generator : torch.Generator
        Draws A, on the CPU, so that it is the same on each device.
    """

    def __init__(self, layer: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        down = torch.randn(rank, layer.in_features, generator=generator) / layer.in_features**0.5
        # In float32 whatever the layer is in: small steps would be lost in bfloat16.
        self.A = nn.Parameter(down.to(layer.weight.device))
        self.B = nn.Parameter(torch.zeros(layer.out_features, rank, device=layer.weight.device))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The layer's output and the update's."""
        out: torch.Tensor = self.layer(x)
        update = nn.functional.linear(nn.functional.linear(x.to(self.A.dtype), self.A), self.B)
        return out + (SCALE * update).to(out.dtype)


def add_low_rank(trunk: nn.Module, rank: int, seed: int) -> None:
    """Put an update of low rank on each linear layer of a trunk, whose own weights stop training.

    Parameters
    ----------
    trunk : nn.Module
        Changed in place; what it computes is not.
    rank : int
        Of each update, from 1 on.
    seed : int
        Of the starting values.

    Raises
    ------
    InputError
        If the rank is below 1, or there is no linear layer.
    """
    if rank < 1:
        raise InputError(f"rank: expected a number from 1 on, got {rank}")
    trunk.requires_grad_(False)
    layers = {name: part for name, part in trunk.named_modules() if isinstance(part, nn.Linear)}
    if not layers:
        raise InputError(f"{type(trunk).__name__}: has no linear layer for an update of low rank")
    generator = torch.Generator().manual_seed(seed)
    for name, layer in layers.items():
        trunk.set_submodule(name, LowRank(layer, rank, generator))


def take_low_rank(trunk: nn.Module) -> dict[str, torch.Tensor]:
    """Take the updates off a trunk, which is then as it was before they were put on.

    Those that stayed 0 are left out, as of layers that the reward does not depend on.

    Returns
    -------
    dict of str to torch.Tensor
        ``NAME.A`` of shape (rank, inputs) and ``NAME.B`` of shape (outputs, rank) of each layer.
    """
    found = {}
    updated = {name: part for name, part in trunk.named_modules() if isinstance(part, LowRank)}
    for name, part in updated.items():
        if part.B.any():
            found[f"{name}.A"] = part.A.detach().cpu()
            found[f"{name}.B"] = part.B.detach().cpu()
        trunk.set_submodule(name, part.layer)
    return found
