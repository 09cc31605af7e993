"""The stages of Stable Diffusion as typed nodes, with the values that flow between them and the settings they ask for.

The registry takes whatever is in the namespace of this module. Nothing here imports torch, diffusers, transformers or
Pillow: a node does when it runs.
"""

from latentgraph.nodes.control import control, load_controlnet
from latentgraph.nodes.decode import decode
from latentgraph.nodes.denoise import denoise_step
from latentgraph.nodes.denoise_parts import guide, predict_noise, scale_model_input, scheduler_step
from latentgraph.nodes.depth import depth_channels
from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.guidance_flux import guidance_flux
from latentgraph.nodes.image import load_image, save_image
from latentgraph.nodes.image_latents import add_noise, draw_noise_like, encode_image
from latentgraph.nodes.image_prompt import add_image_prompt, crop_for_encoder, encode_image_prompt, load_image_encoder
from latentgraph.nodes.inpaint import encode_start, inpaint_channels, keep_unmasked, start_inpaint
from latentgraph.nodes.inpaint_area import inpaint_area, overlay
from latentgraph.nodes.ip_adapter import load_ip_adapter
from latentgraph.nodes.latents import draw_noise, make_latents
from latentgraph.nodes.latents_flux import draw_noise_flux, size_in_patches
from latentgraph.nodes.learn_noise import draw_timesteps, prediction_target
from latentgraph.nodes.learn_token import adam_step, save_token, start_token, teach_token, token_gradient
from latentgraph.nodes.lists import split_integers, split_lines, split_numbers
from latentgraph.nodes.load import (
    CONTROLNET,
    DENOISER,
    IMAGE_ENCODER,
    SAFETY_CHECKER,
    SCHEDULER,
    T2I_ADAPTER,
    TEXT_ENCODER,
    TOKENIZER,
    VAE_TYPE,
    load_model,
)
from latentgraph.nodes.load_flux import load_flux
from latentgraph.nodes.load_images import load_images
from latentgraph.nodes.load_sd3 import load_sd3
from latentgraph.nodes.load_sdxl import load_sdxl
from latentgraph.nodes.lora import load_lora
from latentgraph.nodes.lora_flux import load_lora_flux
from latentgraph.nodes.lora_sdxl import load_lora_sdxl
from latentgraph.nodes.masks import blur_mask, load_mask, mask_image
from latentgraph.nodes.memory import MEMORY
from latentgraph.nodes.mixing import mix_conditioning, mix_noise
from latentgraph.nodes.observe import observe
from latentgraph.nodes.random_state import start_random_state, start_random_states
from latentgraph.nodes.resize import image_size, resize_image
from latentgraph.nodes.safety import safety_check
from latentgraph.nodes.saved_values import (
    load_conditioning,
    load_image_prompt,
    load_latents,
    save_conditioning,
    save_image_prompt,
    save_latents,
)
from latentgraph.nodes.schedule import configure_scheduler, schedule, skip_steps
from latentgraph.nodes.schedule_flow import make_flow_latents, schedule_flow
from latentgraph.nodes.schedule_flux import schedule_flux
from latentgraph.nodes.schedule_lcm import schedule_lcm
from latentgraph.nodes.schedule_part import part_of_schedule
from latentgraph.nodes.settings import DEVICE, DTYPE
from latentgraph.nodes.size_conditioning import aesthetic_conditioning, size_conditioning
from latentgraph.nodes.skip_flow import skip_flow_steps
from latentgraph.nodes.skip_layers import skip_layers
from latentgraph.nodes.steering import steer_by_colour
from latentgraph.nodes.t2i_adapter import add_t2i_adapter, load_t2i_adapter
from latentgraph.nodes.text import encode, tokenize, tokenize_texts
from latentgraph.nodes.text_flux import encode_flux, encode_negative_flux, tokenize_flux
from latentgraph.nodes.text_sd3 import encode_sd3, tokenize_sd3
from latentgraph.nodes.text_sdxl import encode_sdxl, tokenize_sdxl
from latentgraph.nodes.text_t5 import encode_t5, tokenize_t5
from latentgraph.nodes.textual_inversion import load_textual_inversion
from latentgraph.nodes.upscale import load_upscaler, upscale_channels
from latentgraph.nodes.upscale_latents import upscale_latents
from latentgraph.nodes.value_types import (
    CONDITIONING,
    CROP_AREA,
    GUIDANCE,
    IMAGE,
    IMAGE_PROMPT,
    IP_ADAPTER,
    LATENTS,
    LEARNED_TOKEN,
    MASK,
    NOISE,
    NOISE_PREDICTION,
    PREDICTION_PAIR,
    RANDOM_STATE,
    SCHEDULER_STATE,
    TIMESTEP,
    TOKEN_GRADIENT,
    TOKENS,
)
from latentgraph.nodes.weighted_text import encode_weighted

__all__ = [
    "CONDITIONING",
    "CONTROLNET",
    "CROP_AREA",
    "DENOISER",
    "DEVICE",
    "DTYPE",
    "GUIDANCE",
    "IMAGE",
    "IMAGE_ENCODER",
    "IMAGE_PROMPT",
    "IP_ADAPTER",
    "LATENTS",
    "LEARNED_TOKEN",
    "MASK",
    "MEMORY",
    "NOISE",
    "NOISE_PREDICTION",
    "PREDICTION_PAIR",
    "RANDOM_STATE",
    "SAFETY_CHECKER",
    "SCHEDULER",
    "SCHEDULER_STATE",
    "T2I_ADAPTER",
    "TEXT_ENCODER",
    "TIMESTEP",
    "TOKENIZER",
    "TOKENS",
    "TOKEN_GRADIENT",
    "VAE_TYPE",
    "adam_step",
    "add_image_prompt",
    "add_noise",
    "add_t2i_adapter",
    "aesthetic_conditioning",
    "blur_mask",
    "configure_scheduler",
    "control",
    "crop_for_encoder",
    "decode",
    "denoise_step",
    "depth_channels",
    "draw_noise",
    "draw_noise_flux",
    "draw_noise_like",
    "draw_timesteps",
    "encode",
    "encode_flux",
    "encode_image",
    "encode_image_prompt",
    "encode_negative_flux",
    "encode_sd3",
    "encode_sdxl",
    "encode_start",
    "encode_t5",
    "encode_weighted",
    "guidance",
    "guidance_flux",
    "guide",
    "image_size",
    "inpaint_area",
    "inpaint_channels",
    "keep_unmasked",
    "load_conditioning",
    "load_controlnet",
    "load_flux",
    "load_image",
    "load_image_encoder",
    "load_image_prompt",
    "load_images",
    "load_ip_adapter",
    "load_latents",
    "load_lora",
    "load_lora_flux",
    "load_lora_sdxl",
    "load_mask",
    "load_model",
    "load_sd3",
    "load_sdxl",
    "load_t2i_adapter",
    "load_textual_inversion",
    "load_upscaler",
    "make_flow_latents",
    "make_latents",
    "mask_image",
    "mix_conditioning",
    "mix_noise",
    "observe",
    "overlay",
    "part_of_schedule",
    "predict_noise",
    "prediction_target",
    "resize_image",
    "safety_check",
    "save_conditioning",
    "save_image",
    "save_image_prompt",
    "save_latents",
    "save_token",
    "scale_model_input",
    "schedule",
    "schedule_flow",
    "schedule_flux",
    "schedule_lcm",
    "scheduler_step",
    "size_conditioning",
    "size_in_patches",
    "skip_flow_steps",
    "skip_layers",
    "skip_steps",
    "split_integers",
    "split_lines",
    "split_numbers",
    "start_inpaint",
    "start_random_state",
    "start_random_states",
    "start_token",
    "steer_by_colour",
    "teach_token",
    "token_gradient",
    "tokenize",
    "tokenize_flux",
    "tokenize_sd3",
    "tokenize_sdxl",
    "tokenize_t5",
    "tokenize_texts",
    "upscale_channels",
    "upscale_latents",
]
