"""The configurations that ship, of the models that single files hold: as their authors published them, no weights.

What two models have in common lies in the folder of one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from latentgraph.nodes.loading.model_folder import ModelFolder, read_model_folder

CONFIGS: Final = Path(str(files("latentgraph.nodes"))) / "configs"
NAMES: Final[Mapping[str, str]] = {
    "sd1": "the configuration of Stable Diffusion 1.x",
    "sd2": "the configuration of Stable Diffusion 2.x",
    "sd2_base": "the configuration of Stable Diffusion 2.x base",
    "sdxl": "the configuration of Stable Diffusion XL",
    "sdxl_refiner": "the configuration of the refiner of Stable Diffusion XL",
}
"""What messages call them: 1.5, 2.1 (768 pixels, predicts velocity), 2.1 base (512 pixels, noise), XL 1.0."""
_SHARED: Final[Mapping[str, Mapping[str, str]]] = {
    "sd1": {},
    "sd2": {"vae": "sd1/vae"},
    "sd2_base": {"vae": "sd1/vae", "text_encoder": "sd2/text_encoder", "tokenizer": "sd2/tokenizer"},
    "sdxl": {"text_encoder": "sd1/text_encoder", "tokenizer": "sd1/tokenizer", "tokenizer_2": "sd2/tokenizer"},
    "sdxl_refiner": {
        "vae": "sdxl/vae",
        "text_encoder_2": "sdxl/text_encoder_2",
        "tokenizer_2": "sd2/tokenizer",
        "scheduler": "sdxl/scheduler",
    },
}


def shipped_configuration(name: str) -> ModelFolder:
    """One of them, by the name of its folder."""
    elsewhere = {part: CONFIGS / folder for part, folder in _SHARED[name].items()}
    return read_model_folder(CONFIGS / name, NAMES[name], elsewhere)
