"""A Stable Diffusion 1.x model with a few thousand random weights, in the standard folder layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = ("a", "red", "green", "blue", "circle", "square", "star", "on", "white", "black", "background", "cat", "photo")


def build_tiny_sd1(folder: Path, *, seed: int = 0, safety_checker: bool = True) -> None:
    """Write the model into `folder`, through diffusers' own `save_pretrained`."""
    import diffusers
    import torch
    from transformers import CLIPImageProcessorPil, CLIPTextConfig, CLIPTextModel

    library: Any = diffusers  # Untyped.
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    text = text_config(tokenizer, layers=3)
    unet = library.UNet2DConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=2,
        sample_size=32,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
    )
    vae = library.AutoencoderKL(
        block_out_channels=(32, 64),
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        latent_channels=4,
    )
    scheduler = library.PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    # Drawn whether it is wanted or not: the text encoder is drawn behind it.
    checker = tiny_checker(text)
    pipeline = library.StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(CLIPTextConfig(**text)),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=checker if safety_checker else None,
        feature_extractor=CLIPImageProcessorPil(size={"shortest_edge": 30}, crop_size=30) if safety_checker else None,
        requires_safety_checker=safety_checker,
    )
    pipeline.save_pretrained(folder)
    # Without torchvision the Pillow processor's name gets into the index, which an installation with it cannot load.
    index = folder / "model_index.json"
    index.write_text(index.read_text("utf-8").replace("CLIPImageProcessorPil", "CLIPImageProcessor"), "utf-8")


def text_config(tokenizer: Any, *, layers: int = 4) -> dict[str, Any]:
    """Of a text encoder for `tokenizer`."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_attention_heads": 4,
        "num_hidden_layers": layers,
        "max_position_embeddings": 77,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def tiny_checker(text: dict[str, Any]) -> Any:
    """A safety checker that looks at 30 × 30 pixels; `text` is the configuration of a text encoder beside it."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "image_size": 30,
        "patch_size": 15,
    }
    return StableDiffusionSafetyChecker(CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))


def tiny_tokenizer() -> Any:
    """A CLIP tokenizer that knows a dozen words and every letter."""
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters)]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            pair = (pieces[0], pieces[1])
            if pair not in merges:
                merges.append(pair)
                vocabulary.append("".join(pair))
            pieces = ["".join(pair), *pieces[2:]]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer: Any = CLIPTokenizer
    return tokenizer(vocab=vocab, merges=merges, model_max_length=77)


def edit_json(path: Path, **entries: object) -> None:
    """Set entries of a JSON file; None removes one."""
    content = json.loads(path.read_text("utf-8")) | entries
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}), "utf-8")


def load_pipeline(folder: str | Path) -> Any:
    """The model in `folder` as diffusers itself loads it."""
    import diffusers

    library: Any = diffusers  # Untyped.
    return library.StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True)
