"""Writes the model folder: the standard diffusers layout in float16, ready for plain `from_pretrained`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from latentgraph.nodes.training.assemble import new_scheduler
from latentgraph.nodes.training.checker import NEVER, new_checker, new_feature_extractor


def untrained_checker() -> Any:
    """A checker that never fires: it holds the place until one is trained."""
    checker = new_checker()
    checker.concept_embeds_weights.data.fill_(NEVER)
    return checker


def export(
    folder: Path, *, vae: Any, encoder: Any, tokenizer: Any, unet: Any, checker: Any, scheduler: str, card: str
) -> int:
    """Write the folder anew and return its size in bytes.

    The new folder is complete before it takes the old one's place.
    """
    from diffusers import StableDiffusionPipeline

    pipe: Any = StableDiffusionPipeline(  # type: ignore[no-untyped-call]
        vae.half(),
        encoder.half(),
        tokenizer,
        unet.half(),
        new_scheduler(scheduler),
        checker.half(),
        new_feature_extractor(),
    )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pipe.save_pretrained(partial)
    _write_classic_tokenizer(tokenizer, partial / "tokenizer")
    for part in ("text_encoder", "safety_checker"):
        # transformers would build the model in the dtype of its files, and diffusers does not:
        # float16 against float32 fails, and on the CPU float16 is slow.
        _edit(partial / part / "config.json", _in_float32)
    # Without torchvision transformers names its PIL twin, which older releases do not know.
    _edit(partial / "model_index.json", _portable_index)
    _edit(partial / "feature_extractor" / "preprocessor_config.json", _portable_processor)
    (partial / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _edit(path: Path, change: Any) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _in_float32(config: dict[str, Any]) -> None:
    for part in (config, config.get("text_config"), config.get("vision_config")):
        if isinstance(part, dict):
            part.pop("torch_dtype", None)
            part["dtype"] = "float32"


def _portable_index(index: dict[str, Any]) -> None:
    index.pop("_name_or_path", None)
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]


def _portable_processor(config: dict[str, Any]) -> None:
    config["image_processor_type"] = "CLIPImageProcessor"


def _write_classic_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Add vocab.json and merges.txt, which transformers 5 no longer writes and others read."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    vocab = json.dumps(model["vocab"], ensure_ascii=False)
    (folder / "vocab.json").write_text(vocab, encoding="utf-8")
    lines = ["#version: 0.2", *(pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"])]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
