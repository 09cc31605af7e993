"""Training resumes exactly: a run that was cut is the run that was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from latentgraph.nodes.training.checkpoints import Training, learning_rate
from latentgraph.nodes.training.unet import alphas_cumprod, v_loss


def _run(steps: int, path: Path | None = None) -> Training:
    torch.manual_seed(0)
    run = Training.start(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)), seed=3)
    if path is not None and path.exists():
        run.load(path)
    while run.step < steps:
        shift = run.rng.random()
        loss = ((run.model(torch.randn(16, 4)) - shift) ** 2).mean()
        run.update(loss, learning_rate(run.step, 20, 1e-2, warm_up=3))
    return run


def _weights(model: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_a_resumed_run_ends_in_the_very_same_weights(tmp_path: Path) -> None:
    whole = _run(20)
    _run(9).save(tmp_path / "run.pt")
    torch.manual_seed(99)
    resumed = _run(20, tmp_path / "run.pt")
    assert torch.equal(_weights(whole.model), _weights(resumed.model))
    assert torch.equal(_weights(whole.average), _weights(resumed.average))
    assert whole.rng.random() == resumed.rng.random()


def test_the_average_follows_the_model() -> None:
    run = _run(20)
    assert not torch.equal(_weights(run.model), _weights(run.average))
    assert torch.allclose(_weights(run.model), _weights(run.average), atol=0.1)


def test_the_plateau_does_not_depend_on_the_number_of_steps() -> None:
    assert learning_rate(500, 1000, 1e-3) == learning_rate(500, 5000, 1e-3) == 1e-3
    assert learning_rate(999, 1000, 1e-3) == pytest.approx(1e-5)
    assert learning_rate(0, 1000, 1e-3, warm_up=100) == pytest.approx(1e-5)


def test_a_perfect_velocity_has_no_loss() -> None:
    """Data that is all zeros: x_t = sqrt(1 - a) noise and v = sqrt(a) noise = x_t sqrt(a / (1 - a))."""
    signal = alphas_cumprod()

    class Perfect(nn.Module):
        def forward(self, noisy: torch.Tensor, timesteps: torch.Tensor, hidden: torch.Tensor) -> Any:
            ratio = (signal[timesteps] / (1 - signal[timesteps])).sqrt().view(-1, 1, 1, 1)
            return type("Output", (), {"sample": noisy * ratio})

    latents = torch.zeros(8, 4, 16, 16)
    assert v_loss(Perfect(), latents, torch.zeros(8, 77, 96), signal).item() == pytest.approx(0, abs=1e-9)


def test_the_schedule_is_stable_diffusions_own() -> None:
    from diffusers import DDIMScheduler

    from latentgraph.nodes.training.assemble import new_scheduler

    scheduler = new_scheduler()
    assert isinstance(scheduler, DDIMScheduler)
    assert torch.allclose(alphas_cumprod(), new_scheduler().alphas_cumprod)
