"""What `latentgraph.nodes` offers, and the module that it is in."""

from .comfyui_latents import load_comfyui_latents
from .composite import composite_latents, invert_image
from .control import control, load_controlnet
from .decode import decode
from .denoise import denoise_step
from .denoise_parts import guide, predict_noise, scale_model_input, scheduler_step
from .depth import depth_channels, read_depth
from .depth_estimator import estimate_depth, load_depth_estimator
from .edges import canny_edges
from .freeu import freeu
from .guidance import guidance
from .guidance_flux import guidance_flux
from .image import load_image, save_image
from .image_batches import join_images, pick_images, repeat_images
from .image_latents import add_noise, draw_noise_like, encode_image, encode_image_mean
from .image_parts import composite_images, crop_image
from .image_prompt import add_image_prompt, crop_for_encoder, encode_image_prompt, load_image_encoder
from .inpaint import encode_start, inpaint_channels, keep_prediction, keep_unmasked, restore_unmasked, start_inpaint
from .inpaint_area import inpaint_area, overlay
from .ip_adapter import load_ip_adapter
from .latent_starts import empty_latents, leftover_latents, pick_latents, repeat_latents, start_latents
from .latents import draw_noise, make_latents
from .latents_flux import draw_noise_flux, size_in_patches
from .learn_noise import draw_timesteps, prediction_target
from .learn_token import adam_step, save_token, start_token, teach_token, token_gradient
from .lists import split_integers, split_lines, split_numbers
from .load import load_model
from .load_denoiser import load_denoiser
from .load_flux import load_flux
from .load_images import load_images
from .load_sd3 import load_sd3
from .load_sdxl import load_sdxl
from .load_vae import load_vae
from .lora import load_lora
from .lora_flux import load_lora_flux
from .lora_sdxl import load_lora_sdxl
from .mask_shapes import combine_masks, solid_mask, spread_mask
from .masks import blur_mask, grow_mask, image_to_mask, invert_mask, load_mask, mask_image, mask_to_image, resize_mask
from .mixing import join_conditioning, mix_conditioning, mix_noise, zero_conditioning
from .observe import observe
from .outpaint import pad_image
from .random_state import random_state, random_states
from .regional import regional_guidance, regional_prompt
from .resize import image_size, resize_image
from .safety import safety_check
from .saved_values import (
    load_conditioning,
    load_image_prompt,
    load_latents,
    save_conditioning,
    save_image_prompt,
    save_latents,
)
from .schedule import configure_scheduler, schedule, skip_steps
from .schedule_flow import make_flow_latents, schedule_flow
from .schedule_flux import schedule_flux
from .schedule_lcm import schedule_lcm
from .schedule_part import part_of_schedule
from .schedule_sigmas import schedule_sigmas
from .size_conditioning import aesthetic_conditioning, size_conditioning
from .skip_flow import skip_flow_steps
from .skip_layers import skip_layers
from .steering import steer_by_colour
from .t2i_adapter import add_t2i_adapter, load_t2i_adapter
from .text import encode, tokenize, tokenize_texts
from .text_flux import encode_flux, encode_negative_flux, tokenize_flux
from .text_sd3 import encode_sd3, tokenize_sd3
from .text_sdxl import encode_sdxl, tokenize_sdxl
from .text_t5 import encode_t5, tokenize_t5
from .textual_inversion import load_textual_inversion
from .textual_inversion_sdxl import load_textual_inversion_sdxl
from .unclip import augment_image_prompt, pool_image_prompt
from .upscale import load_upscaler, upscale_channels
from .upscale_latents import upscale_latents
from .upscale_model import load_upscale_model, upscale_image
from .weighted_text import encode_weighted
from .weighted_text_sdxl import encode_weighted_sdxl

__all__ = [
    "adam_step",
    "add_image_prompt",
    "add_noise",
    "add_t2i_adapter",
    "aesthetic_conditioning",
    "augment_image_prompt",
    "blur_mask",
    "canny_edges",
    "combine_masks",
    "composite_images",
    "composite_latents",
    "configure_scheduler",
    "control",
    "crop_for_encoder",
    "crop_image",
    "decode",
    "denoise_step",
    "depth_channels",
    "draw_noise",
    "draw_noise_flux",
    "draw_noise_like",
    "draw_timesteps",
    "empty_latents",
    "encode",
    "encode_flux",
    "encode_image",
    "encode_image_mean",
    "encode_image_prompt",
    "encode_negative_flux",
    "encode_sd3",
    "encode_sdxl",
    "encode_start",
    "encode_t5",
    "encode_weighted",
    "encode_weighted_sdxl",
    "estimate_depth",
    "freeu",
    "grow_mask",
    "guidance",
    "guidance_flux",
    "guide",
    "image_size",
    "image_to_mask",
    "inpaint_area",
    "inpaint_channels",
    "invert_image",
    "invert_mask",
    "join_conditioning",
    "join_images",
    "keep_prediction",
    "keep_unmasked",
    "leftover_latents",
    "load_comfyui_latents",
    "load_conditioning",
    "load_controlnet",
    "load_denoiser",
    "load_depth_estimator",
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
    "load_textual_inversion_sdxl",
    "load_upscale_model",
    "load_upscaler",
    "load_vae",
    "make_flow_latents",
    "make_latents",
    "mask_image",
    "mask_to_image",
    "mix_conditioning",
    "mix_noise",
    "observe",
    "overlay",
    "pad_image",
    "part_of_schedule",
    "pick_images",
    "pick_latents",
    "pool_image_prompt",
    "predict_noise",
    "prediction_target",
    "random_state",
    "random_states",
    "read_depth",
    "regional_guidance",
    "regional_prompt",
    "repeat_images",
    "repeat_latents",
    "resize_image",
    "resize_mask",
    "restore_unmasked",
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
    "schedule_sigmas",
    "scheduler_step",
    "size_conditioning",
    "size_in_patches",
    "skip_flow_steps",
    "skip_layers",
    "skip_steps",
    "solid_mask",
    "split_integers",
    "split_lines",
    "split_numbers",
    "spread_mask",
    "start_inpaint",
    "start_latents",
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
    "upscale_image",
    "upscale_latents",
    "zero_conditioning",
]
