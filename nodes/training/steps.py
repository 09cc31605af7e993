"""The steps of the training, each from and to files in one work folder."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from latentgraph.nodes.training.assemble import assemble
from latentgraph.nodes.training.captions import caption
from latentgraph.nodes.training.card import model_card
from latentgraph.nodes.training.checker import balanced_specs, new_checker, train_checker
from latentgraph.nodes.training.checkpoints import Training, device
from latentgraph.nodes.training.draw import Pixels
from latentgraph.nodes.training.export import export, untrained_checker
from latentgraph.nodes.training.latents import LatentSet, bake, encode_renders
from latentgraph.nodes.training.measure import generator, held_out_prompts, score, unseen_prompts
from latentgraph.nodes.training.text import Reader, build_tokenizer, new_text_encoder, train_text
from latentgraph.nodes.training.unet import BATCH, CONFIG, Batches, new_unet, train_unet
from latentgraph.nodes.training.vae import frozen_encoder, new_vae, train_decoder, train_vae
from latentgraph.nodes.training.world import is_unseen


@dataclass(frozen=True)
class Workshop:
    """The work folder and the size of each step. Every step goes on from its own checkpoint."""

    folder: Path
    vae_steps: int = 2_600
    decoder_steps: int = 2_000
    text_steps: int = 900
    pictures: int = 120_000
    unet_steps: int = 10_000
    unet_rate: float = 1e-3
    """Learning rate of the UNet's plateau; a smaller one to go on from weights that are good already."""
    checker_steps: int = 1_500
    generated: int = 600
    """Pictures of the model's own that the checker learns from."""
    seed: int = 0

    def path(self, name: str) -> Path:
        """A file of the work folder."""
        return self.folder / name

    def train_vae(self) -> None:
        """Train the autoencoder."""
        train_vae(self.path("vae.pt"), self.vae_steps, seed=self.seed)

    def train_text(self) -> None:
        """Train the text encoder to read captions."""
        train_text(self.path("text.pt"), self.text_steps, seed=self.seed)

    def encode_pictures(self) -> None:
        """Draw and encode the UNet's training set."""
        vae = _average(self.path("vae.pt"), new_vae())
        encode_renders(vae, self.pictures, self.seed).save(self.path("latents.pt"))

    def train_unet(self) -> None:
        """Train the UNet, judging its pictures as it goes."""
        data, tokenizer, encoder = LatentSet.load(self.path("latents.pt")), build_tokenizer(), self.encoder()
        vae = self.vae()

        def batches(rng: random.Random) -> Batches:
            return Batches(data, tokenizer, encoder, rng)

        def check(unet: Any, step: int) -> None:
            judge_progress(assemble(vae, encoder, tokenizer, unet), self.path(f"sheet-{step:06}.png"))

        train_unet(self.path("unet.pt"), self.unet_steps, batches, check, peak=self.unet_rate, seed=self.seed)

    def train_checker(self) -> None:
        """Train the safety checker; once there is a UNet, on its pictures as well."""
        vae, generated = self.vae(), []
        if self.path("unet.pt").exists():
            pipe = assemble(vae, self.encoder(), build_tokenizer(), self.unet())
            generated = sign_pictures(pipe, self.generated)
        train_checker(self.path("checker.pt"), vae, generated, self.checker_steps, seed=self.seed)

    def export(self, folder: Path, scheduler: str) -> int:
        """Write the model folder with the averaged weights; its size in bytes."""
        checker = self.path("checker.pt")
        run = torch.load(self.path("unet.pt"), map_location="cpu", weights_only=True)
        return export(
            folder,
            vae=self.vae(),
            encoder=self.encoder(),
            tokenizer=build_tokenizer(),
            unet=self.unet(),
            checker=_average(checker, new_checker()) if checker.exists() else untrained_checker(),
            scheduler=scheduler,
            card=model_card(widths=CONFIG["block_out_channels"], samples=run["step"] * BATCH),
        )

    def refine_decoder(self) -> None:
        """Train the decoder further; latents and UNet stay valid."""
        train_decoder(self.path("decoder.pt"), self.baked_vae(), self.decoder_steps, seed=self.seed)

    def baked_vae(self) -> Any:
        """The trained autoencoder with unit latents."""
        vae = _average(self.path("vae.pt"), new_vae())
        data = LatentSet.load(self.path("latents.pt"))
        bake(vae, data.mean, data.std)
        return vae

    def vae(self) -> Any:
        """The baked autoencoder; its decoder refined, if that was done."""
        refined = self.path("decoder.pt")
        return _average(refined, frozen_encoder(new_vae())) if refined.exists() else self.baked_vae()

    def encoder(self) -> Any:
        """The trained text encoder, frozen."""
        reader = _average(self.path("text.pt"), Reader(new_text_encoder(build_tokenizer())))
        return reader.encoder.eval()

    def unet(self) -> Any:
        """The UNet's average as of its last checkpoint."""
        return _average(self.path("unet.pt"), new_unet()).eval()


def _average(path: Path, model: Any) -> Any:
    run = Training.start(model)
    run.load(path)
    return run.average


def contact_sheet(pictures: list[Pixels], path: Path, across: int = 12) -> None:
    """Write the pictures side by side, twice their size."""
    rows = [np.concatenate(pictures[i : i + across], axis=1) for i in range(0, len(pictures) - across + 1, across)]
    image = Image.fromarray(np.concatenate(rows, axis=0))
    image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST).save(path)


def judge_progress(pipe: Any, sheet: Path) -> None:
    """Print the judge's verdict on 84 pictures of few steps, and write them to a sheet.

    The random state of the training is put back: judging changes nothing in what follows.
    """
    state = torch.get_rng_state()
    parts = {
        "one": unseen_prompts(36),
        "pairs": held_out_prompts(12),
        "two": unseen_prompts(24, "two"),
        "scene": unseen_prompts(12, "scene"),
    }
    generate = generator(pipe, steps=15, batch=36)
    pictures = []
    for name, captions in parts.items():
        made = generate([c.text for c in captions], 3)
        print(name, {key: round(share, 2) for key, share in score(made, captions).right.items()}, flush=True)
        pictures += made
    contact_sheet(pictures, sheet)
    torch.set_rng_state(state)


def sign_pictures(pipe: Any, count: int) -> list[tuple[Pixels, bool]]:
    """Pictures that the pipeline makes, every other one asked to show the forbidden sign."""
    rng = random.Random(2)
    specs = [spec for spec in balanced_specs(count, rng) if not is_unseen(spec)]
    made = generator(pipe, steps=15)([caption(spec, rng, complete=True).text for spec in specs], 4)
    return [(picture, spec.kind == "sign") for picture, spec in zip(made, specs, strict=True)]


def use_threads(count: int) -> None:
    """Limit the CPU threads; the device's own defaults stay when 0."""
    if count and device().type == "cpu":
        torch.set_num_threads(count)
