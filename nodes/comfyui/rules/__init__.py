"""The rules by which ComfyUI's nodes become ours, a module for each kind of them."""

from __future__ import annotations

from importlib import import_module
from typing import Final

MODULES: Final = (
    "loaders",
    "text",
    "latents",
    "sampling",
    "custom_sampling",
    "conditioning",
    "control",
    "images",
    "image_parts",
    "masks",
    "inpaint",
    "upscale",
    "lora",
    "outputs",
)


def load_rules() -> None:
    """Import every module of rules, which puts them into `RULES`."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")
