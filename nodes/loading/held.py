"""Modules that a Python program holds, as the source of a handle: their configuration, their digest, their copy."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HeldSource:
    """A module that exists already, or a tuple whose first item is one."""

    module: Any

    def __post_init__(self) -> None:
        """Put it in eval mode: a module that was made by its constructor is in training mode."""
        if hasattr(self._network, "eval"):
            self._network.eval()

    @property
    def _network(self) -> Any:
        return self.module[0] if isinstance(self.module, tuple) else self.module

    def fits(self, device: str, dtype: str) -> bool:
        """Whether it is on `device` and in `dtype` already; an empty string asks for nothing."""
        import torch

        tensor = next(iter(self._network.parameters()), None) if hasattr(self._network, "parameters") else None
        if tensor is None:
            return True
        on_device = not device or torch.device(device).type == tensor.device.type
        return on_device and (not dtype or getattr(torch, dtype) == tensor.dtype)

    def make(self, device: str, dtype: str, warn: Any) -> Any:
        """A copy where it is wanted; the module that the program holds is not moved."""
        import torch

        moved = copy.deepcopy(self._network)
        if hasattr(moved, "parameters"):
            moved = moved.to(device=device or None, dtype=getattr(torch, dtype) if dtype else None)
        if isinstance(self.module, tuple):
            return type(self.module)(moved, *self.module[1:])
        return moved


def held_config(module: Any) -> Mapping[str, Any]:
    """A read-only snapshot of a module's configuration; of a tokenizer: its longest text."""
    config = getattr(module, "config", None)
    if config is None:
        return {"model_max_length": getattr(module, "model_max_length", None)}
    return dict(config) if isinstance(config, Mapping) else config.to_dict()


def content_digest(module: Any) -> str:
    """SHA-256 of what a module computes with: class, configuration, and every tensor, or a tokenizer's vocabulary."""
    digest = hashlib.sha256(json_digest({"class": type(module).__name__, "config": dict(held_config(module))}).encode())
    if hasattr(module, "backend_tokenizer"):
        digest.update(module.backend_tokenizer.to_str().encode())
    elif hasattr(module, "get_vocab"):
        digest.update(json_digest(module.get_vocab()).encode())
    if hasattr(module, "state_dict"):
        import torch

        for name, tensor in module.state_dict().items():
            digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def json_digest(value: Any) -> str:
    """SHA-256 of plain data; what JSON does not know stands there by its text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
