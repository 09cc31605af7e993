"""Makes checkpoints from an exported folder, so that training can go on where no checkpoint is left."""

from __future__ import annotations

from pathlib import Path

import torch

from latentgraph.nodes.training.checkpoints import Training
from latentgraph.nodes.training.evaluate import load
from latentgraph.nodes.training.text import Reader
from latentgraph.nodes.training.unet import new_unet


def adopt(folder: Path, work: Path) -> None:
    """Write `vae.pt`, `text.pt` and `unet.pt` with the folder's weights, each at step 0.

    Optimizers and averages start anew, so the first few hundred steps find their feet again. The
    VAE is baked already: encoding the pictures measures a normalisation of next to nothing. Checkpoints
    that are there are kept.
    """
    pipe = load(folder)
    unet = new_unet()
    unet.load_state_dict(pipe.unet.state_dict())
    for name, model in {"vae": pipe.vae, "text": Reader(pipe.text_encoder), "unet": unet}.items():
        path = work / f"{name}.pt"
        if path.exists():
            print(f"{path} is there and stays")
            continue
        torch.manual_seed(0)
        Training.start(model.train()).save(path)
        print(f"{path} holds the weights of {folder}")
