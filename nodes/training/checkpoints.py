"""The state of one training run: everything that decides its next step, saved and restored exactly."""

from __future__ import annotations

import copy
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn


def device() -> torch.device:
    """Where training runs: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision() -> torch.autocast:
    """Within it, models compute in bfloat16 where the processor can: one that cannot takes ten times as long for it."""
    kind = device().type
    native = kind != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast(kind, torch.bfloat16, enabled=native)


def learning_rate(step: int, total: int, peak: float, warm_up: int = 200, decay: float = 0.35) -> float:
    """Warm-up, a plateau, then a linear fall to a hundredth over the last `decay` of the steps.

    Unlike a cosine, the plateau does not depend on `total`: a run can be prolonged from a checkpoint
    of its plateau as if it had been planned longer.
    """
    left = (total - step) / max(1, round(total * decay))
    return peak * min(1.0, (step + 1) / warm_up, max(0.01, left))


@dataclass(slots=True)
class Training:
    """A model in training with its average, its optimizer and its random states."""

    model: Any
    """A torch module; `Any` because the models' own classes are untyped."""
    average: Any
    """Exponential moving average of the weights: this is what ships."""
    optimizer: torch.optim.Optimizer
    rng: random.Random
    """What is drawn by lot outside torch: specs, captions, batches."""
    step: int = 0

    @classmethod
    def start(cls, model: Any, *, weight_decay: float = 0.01, seed: int = 0) -> Training:
        """A run at step 0. On the CPU the weights are laid out channels-last, which is twice as fast."""
        model.to(device=device(), memory_format=torch.channels_last)
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-3, betas=(0.9, 0.99), weight_decay=weight_decay)
        torch.manual_seed(seed)
        return cls(model, copy.deepcopy(model).requires_grad_(False), optimizer, random.Random(seed))

    def update(self, loss: torch.Tensor, rate: float, keep: float = 0.999) -> None:
        """One optimizer step at this learning rate, then one step of the average."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        # A young average must forget its random start quickly.
        keep = min(keep, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
            mine, theirs = zip(*pairs, strict=True)
            torch._foreach_lerp_(list(mine), list(theirs), 1 - keep)

    def save(self, path: Path) -> None:
        """Write the checkpoint; a crash leaves the former one whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.getstate(),
            "torch_rng": torch.get_rng_state(),
            "step": self.step,
        }
        if torch.cuda.is_available():
            state["cuda_rng"] = torch.cuda.get_rng_state()
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> None:
        """Go on exactly where the checkpoint was written. The file is the trainer's own."""
        # weights_only refuses pickled code; the state is tensors and plain values.
        state = torch.load(path, map_location=device(), weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.setstate(state["rng"])
        torch.set_rng_state(state["torch_rng"].cpu())
        if "cuda_rng" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())
        self.step = state["step"]
