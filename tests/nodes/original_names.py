"""From diffusers' names back to those of the original code, to make single-file checkpoints for the tests."""

from __future__ import annotations

import re
from typing import Any

UNET = (
    ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"),
    ("conv_in", "input_blocks.0.0"),
    ("conv_norm_out", "out.0"),
    ("conv_out", "out.2"),
    ("add_embedding.linear_1", "label_emb.0.0"),
    ("add_embedding.linear_2", "label_emb.0.2"),
)
RESNET = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("time_emb_proj", "emb_layers.1"),
    ("conv_shortcut", "skip_connection"),
)
VAE_ATTENTION = (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"))


def single_file_tensors(pipeline: Any) -> dict[str, Any]:
    """Every tensor of a Stable Diffusion 1, 2 or XL pipeline by the name that a single file has for it."""
    layers = pipeline.unet.config.layers_per_block
    levels = len(pipeline.vae.config.block_out_channels)
    attention = [kind.startswith("Cross") for kind in pipeline.unet.config.up_block_types]
    tensors: dict[str, Any] = {}
    for name, tensor in pipeline.unet.state_dict().items():
        tensors["model.diffusion_model." + unet_name(name, layers, attention)] = tensor
    for name, tensor in pipeline.vae.state_dict().items():
        original = vae_name(name, levels)
        is_linear = re.search(r"attn_1\.(q|k|v|proj_out)\.weight", original)
        tensors["first_stage_model." + original] = tensor[..., None, None] if is_linear else tensor
    first, second = pipeline.text_encoder, getattr(pipeline, "text_encoder_2", None)
    if second is not None:
        place = "conditioner.embedders.0." if first is None else "conditioner.embedders.1."
        tensors |= {place + name: tensor for name, tensor in open_clip_tensors(second).items()}
    if first is not None and first.config.hidden_act == "gelu":
        tensors |= {"cond_stage_model." + name: tensor for name, tensor in open_clip_tensors(first).items()}
    elif first is not None:
        place = "cond_stage_model." if second is None else "conditioner.embedders.0."
        for name, tensor in first.state_dict().items():
            tensors[f"{place}transformer.text_model." + name.removeprefix("text_model.")] = tensor
    return {name: tensor.contiguous().clone() for name, tensor in tensors.items()}


OPEN_CLIP = (
    ("embeddings.token_embedding.weight", "token_embedding.weight"),
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("final_layer_norm", "ln_final"),
    ("encoder.layers.", "transformer.resblocks."),
    ("layer_norm", "ln_"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
    ("self_attn", "attn"),
)


def open_clip_tensors(text_encoder: Any) -> dict[str, Any]:
    """The tensors of a text encoder by OpenCLIP's names, with one matrix for queries, keys and values."""
    import torch

    tensors: dict[str, Any] = {"model.logit_scale": torch.ones(())}
    state = text_encoder.state_dict()
    width = text_encoder.config.hidden_size
    tensors["model.text_projection"] = state.get("text_projection.weight", torch.eye(width)).T
    for full, tensor in state.items():
        name = full.removeprefix("text_model.")
        for new, old in OPEN_CLIP:
            name = name.replace(new, old)
        if found := re.match(r"(.*\.attn\.)q_proj\.(\w+)", name):
            three = [state[full.replace("q_proj", which)] for which in ("q_proj", "k_proj", "v_proj")]
            tensors[f"model.{found[1]}in_proj_{found[2]}"] = torch.cat(three)
        elif name != "text_projection.weight" and not re.search(r"\.attn\.[kv]_proj\.", name):
            tensors["model." + name] = tensor
    return tensors


def unet_name(name: str, layers: int, up_attention: list[bool]) -> str:
    """The original name of a tensor of the UNet."""
    for new, old in UNET:
        if name.startswith(new + "."):
            return name.replace(new, old, 1)
    if found := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name):
        place = {("resnets", "0"): 0, ("attentions", "0"): 1, ("resnets", "1"): 2}[found[1], found[2]]
        return f"middle_block.{place}.{_resnet(found[3])}"
    found = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)", name)
    assert found, name
    level, part, number, rest = int(found[2]), found[3], int(found[4]), found[5]
    if found[1] == "down":
        block = 1 + level * (layers + 1) + (layers if part == "downsamplers" else number)
        if part == "downsamplers":
            return f"input_blocks.{block}.0.{rest.replace('conv', 'op')}"
        return f"input_blocks.{block}.{int(part == 'attentions')}.{_resnet(rest)}"
    block = level * (layers + 1) + (layers if part == "upsamplers" else number)
    if part == "upsamplers":
        return f"output_blocks.{block}.{1 + up_attention[level]}.{rest}"
    return f"output_blocks.{block}.{int(part == 'attentions')}.{_resnet(rest)}"


def _resnet(rest: str) -> str:
    for new, old in RESNET:
        if rest.startswith(new + "."):
            return rest.replace(new, old, 1)
    return rest


def vae_name(name: str, levels: int) -> str:
    """The original name of a tensor of the VAE."""
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0" in name:
        name = name.replace("mid_block.attentions.0", "mid.attn_1")
        for new, old in VAE_ATTENTION:
            name = name.replace(f".{new}.", f".{old}.")
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)
