"""The stages of Stable Diffusion as typed nodes, with the values that flow between them and the settings they ask for.

The registry takes whatever is in the namespace of this module. Nothing here imports torch, diffusers, transformers or
Pillow: a node does when it runs. The nodes are listed in the stub beside this file; the module of one is imported when
somebody asks for it, for a workflow uses a few of them.
"""

import lazy_loader

from latentgraph.nodes.comfyui import AUTOMATIC1111, COMFYUI, INVOKEAI
from latentgraph.nodes.fast import SPEED
from latentgraph.nodes.memory import MEMORY
from latentgraph.nodes.memory_care import MEMORY_CARE
from latentgraph.nodes.settings import DEVICE, DTYPE
from latentgraph.nodes.storing import STORING
from latentgraph.nodes.tiling import TILING
from latentgraph.nodes.value_types import (
    CONDITIONING,
    CONTROLNET,
    CROP_AREA,
    DENOISER,
    DEPTH,
    DEPTH_ESTIMATOR,
    GUIDANCE,
    IMAGE,
    IMAGE_ENCODER,
    IMAGE_PROMPT,
    IP_ADAPTER,
    LATENTS,
    LEARNED_TOKEN,
    MASK,
    NOISE,
    NOISE_PREDICTION,
    PREDICTION_PAIR,
    RANDOM_STATE,
    REGIONAL_PROMPTS,
    SAFETY_CHECKER,
    SCHEDULER,
    SCHEDULER_STATE,
    T2I_ADAPTER,
    TEXT_ENCODER,
    TIMESTEP,
    TOKEN_GRADIENT,
    TOKENIZER,
    TOKENS,
    UPSCALE_MODEL,
    VAE_TYPE,
)

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
