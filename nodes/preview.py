"""Looking at latents on their way: the picture as it would be if what is predicted now were all taken out at once.

Nothing here changes what the run goes on with, and random numbers come from a generator of its own: a run gives the
same bits whether somebody watches or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from latentgraph.graph.context import RunContext
from latentgraph.nodes.decode import decoded, to_unit_range, unscaled
from latentgraph.nodes.fast import computing
from latentgraph.nodes.handles import VAE, Denoiser
from latentgraph.nodes.values import Image, Timestep

if TYPE_CHECKING:
    from torch import Tensor

LONGEST_EDGE: Final = 128
"""Of a preview, in pixels."""
MOST_PICTURES: Final = 4
"""Of a batch, shown side by side."""
SMALL_VAE: Final = 5_000_000
"""Parameters up to which the decoder itself draws previews; a larger one would take longer than a step."""
FITTED_PICTURES: Final = 16
FITTED_CELLS: Final = 8
"""Edge in latent cells of each picture that a linear map is fitted on."""


def offer_preview(denoiser: Denoiser, estimate: Callable[[], Tensor], context: RunContext) -> None:
    """Let whoever watches the run see what the latents are becoming, if the model's VAE is known.

    Args:
        denoiser: Its model's VAE makes colours of latents.
        estimate: Gives the latents without noise, (B, C, h, w), as far as they can be told now.
        context: Of the run.
    """
    vae = denoiser.vae
    if vae is not None:
        context.preview(lambda: Image(tiled(colours(vae, estimate()[:MOST_PICTURES], context)).unsqueeze(0)))


def clean_estimate(scheduler: Any, model_input: Tensor, prediction: Tensor, timestep: Timestep) -> Tensor:
    """What the denoiser takes the latents to be, without noise (Ho et al. 2020, eq. 15; Salimans & Ho 2022, app. D).

    Every scheduler scales the denoiser's input to sqrt(a) x0 + sqrt(1 - a) noise, so one formula serves them all but
    those of flow matching: there it is (1 - s) x0 + s noise, and what is predicted is noise - x0 (Lipman et al. 2022).

    Args:
        scheduler: Any that has the noise levels of the training, `alphas_cumprod`, or is one of flow matching, as its
            `scale_noise` shows; else the input itself is given back.
        model_input: What the denoiser was given, (B, C, h, w).
        prediction: What it said, after guidance, same shape.
        timestep: Of this turn.

    Returns:
        float32, same shape.
    """
    levels, config = getattr(scheduler, "alphas_cumprod", None), getattr(scheduler, "config", {})
    if hasattr(scheduler, "scale_noise") or config.get("prediction_type") == "flow_prediction":
        along: Tensor = float(timestep.value) / config["num_train_timesteps"] * prediction.float()
        return model_input.float() - along
    if levels is None:
        return model_input.float()
    signal = _between(levels, float(timestep.value))
    noisy, said = model_input.float(), prediction.float()
    match config.get("prediction_type", "epsilon"):
        case "sample":
            return said
        case "v_prediction":
            return math.sqrt(signal) * noisy - math.sqrt(1 - signal) * said
    return (noisy - math.sqrt(1 - signal) * said) / math.sqrt(max(signal, 1e-6))


def _between(levels: Tensor, timestep: float) -> float:
    """The share of the signal at a timestep, which for some schedulers lies between two of the training's."""
    position = min(max(timestep, 0.0), len(levels) - 1.0)
    low = int(position)
    high = min(low + 1, len(levels) - 1)
    return float(levels[low]) + (position - low) * (float(levels[high]) - float(levels[low]))


def colours(vae: VAE, latents: Tensor, context: RunContext) -> Tensor:
    """Latents (B, C, h, w), scaled, as float32 (B, 3, H, W) in [0, 1] on the CPU; H and W are any."""
    module = computing(vae, context)  # A preview is no result: the module that is here anyway serves.
    if vae.parameters <= SMALL_VAE:
        parameter = next(module.parameters())
        # Its weights may wait elsewhere: where they compute is told by the run.
        place = context.settings.get("device") or parameter.device
        samples = unscaled(module.config, latents).to(device=place, dtype=parameter.dtype)
        return to_unit_range(decoded(module, samples).float().cpu())
    weights = context.pool.get(("preview", vae.digest), lambda: fitted_map(module, context.settings.get("device")))
    return to_unit_range(mapped(latents.float().cpu(), weights))


def mapped(latents: Tensor, weights: Tensor) -> Tensor:
    """Each cell's C numbers and a one times `weights`, (C + 1, 3): colours (B, 3, h, w) about [-1, 1]."""
    import torch

    found: Tensor = torch.einsum("bchw,cd->bdhw", latents, weights[:-1]) + weights[-1].view(1, 3, 1, 1)
    return found


def fitted_map(module: Any, device: str | None = None) -> Tensor:
    """The linear map from a cell of scaled latents to its mean colour that fits a VAE best, by least squares.

    It is fitted on what the VAE's encoder makes of smooth random pictures: latents drawn at random are none that a
    picture has, and their colours lead astray.

    Returns:
        float32 (C + 1, 3), the last row being what is added.
    """
    import torch
    import torch.nn.functional as F

    parameter = next(module.parameters())
    edge = FITTED_CELLS * 2 ** (len(module.config.block_out_channels) - 1)
    drawn = torch.rand(FITTED_PICTURES, 3, 3, 3, generator=torch.Generator().manual_seed(0)) * 2.6 - 1.3
    pictures = F.interpolate(drawn, size=(edge, edge), mode="bicubic", align_corners=True).clamp(-1, 1)
    with torch.no_grad():
        given = pictures.to(device=device or parameter.device, dtype=parameter.dtype)
        encoded = module.encode(given).latent_dist.mode().float().cpu()
    encoded = (encoded - (getattr(module.config, "shift_factor", None) or 0)) * module.config.scaling_factor
    means = F.adaptive_avg_pool2d(pictures, encoded.shape[-2:])
    cells = encoded.movedim(1, -1).flatten(0, 2)
    known = torch.cat([cells, torch.ones(len(cells), 1)], dim=1).double()
    wanted = means.movedim(1, -1).flatten(0, 2).double()
    solved: Tensor = torch.linalg.lstsq(known, wanted).solution.float()
    return solved


def tiled(pictures: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) beside and below each other in one of at most LONGEST_EDGE pixels, (3, H', W')."""
    import torch
    import torch.nn.functional as F

    count, _, height, width = pictures.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    scale = LONGEST_EDGE / max(rows * height, columns * width)
    if scale < 1:
        size = (max(1, int(height * scale)), max(1, int(width * scale)))
        pictures = F.interpolate(pictures, size=size, mode="area")
    elif scale >= 2:
        pictures = F.interpolate(pictures, scale_factor=int(scale), mode="bicubic", align_corners=False).clamp(0, 1)
    height, width = pictures.shape[-2:]
    sheet = torch.zeros(3, rows * height, columns * width)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        sheet[:, row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet
