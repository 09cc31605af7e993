"""Looking at what goes by in a loop, as diffusers' `callback_on_step_end` does."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.values import Latents, Timestep


@node(category="denoise")
def observe(
    latents: Latents,
    timestep: Timestep,
    every: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Latents:
    """Report step, timestep and spread of the latents every few turns of a loop, and hand the latents on.

    The report is the event `observed`: a line in the terminal and in the editor's log, an object with --json, and an
    Observed from a Run in Python, which a callback can take (`run.result(on_event=...)`). What is kept from an earlier
    run is not reported again.

    Args:
        latents: As the step left them.
        timestep: Of this turn.
        every: 1 reports each turn, 5 every fifth and always the first.

    Example:
        model = load_model()
        timesteps, state = schedule(model.scheduler, 20)
        latents = observe(empty_latents(model.vae, 64, 64), timesteps[0], every=5)  # in a run: a line in the log
    """
    if timestep.index % every == 0:
        spread = latents.samples.detach().float()
        context.observe(
            {
                "step": timestep.index + 1,
                "timestep": timestep.value.item(),
                "mean": float(spread.mean()),
                "deviation": float(spread.std(correction=0)),
                "minimum": float(spread.min()),
                "maximum": float(spread.max()),
            }
        )
    return latents
