"""The estimate of a run's memory against what whole runs take: `python -m tests.bench.memory_estimate [NAME ...]`.

Each run is a process of its own on the CPU, with one thread. Its largest resident set, less what it held when the run
was planned, is what the estimate is about. Prints both and their ratio; between 0.8 and 1.3 is the goal. The models are
the one that ships, a tiny one, and one of the size of Stable Diffusion 1.5 with random weights (5 GB on disk).
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

RUNS: Final[dict[str, tuple[str, int, int, str]]] = {
    "shipped 64": ("builtin:shapes", 64, 1, ""),
    "shipped 64, 16 at once": ("builtin:shapes", 64, 16, ""),
    "shipped 512": ("builtin:shapes", 512, 1, ""),
    "shipped 1024": ("builtin:shapes", 1024, 1, ""),
    "shipped 1024, tiling 256": ("builtin:shapes", 1024, 1, "256"),
    "tiny 256": ("tiny", 256, 1, ""),
    "real 256": ("real", 256, 1, ""),
    "real 512": ("real", 512, 1, ""),
}
"""Model, edge in pixels, pictures at once, tiling."""


def status(name: str) -> int:
    """Bytes that Linux tells of this process under `name`."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


def one_run(model: str, edge: int, batch: int, tiling: str) -> None:
    """Plan and run text_to_image once, and print what was estimated and what was taken, in bytes."""
    from latentgraph.graph.document import parse_document
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine
    from latentgraph.nodes.memory_estimate import needs
    from latentgraph.nodes.memory_facts import uses_of

    path = Path(str(files("latentgraph.workflows"))) / "text_to_image.json"
    engine = Engine(Registry.load())
    given: dict[str, Any] = {"model": model, "height": edge, "width": edge, "num_images_per_prompt": batch,
                             "num_inference_steps": 1, "seed": 1}  # fmt: skip
    document = parse_document(path.read_bytes(), path.name, path)
    settings = {"device": "cpu", "tiling": tiling or "off"}
    planned = engine.plan(document, given, settings=settings)
    need = needs(list(uses_of(planned.steps, {})), planned.settings)
    assert need is not None
    gc.collect()
    before = status("VmRSS")
    engine.start(planned, document).result()
    print(need.total, status("VmHWM") - before, need.use.path, int(need.weights), int(need.computing), sep="|")


def tiny(folder: Path) -> None:
    """A model of a few thousand numbers."""
    from tests.nodes.tiny import build_tiny_sd1

    build_tiny_sd1(folder)


def real(folder: Path) -> None:
    """A model of the size of Stable Diffusion 1.5, with random numbers for weights and no safety checker."""
    import diffusers
    import torch
    from tests.nodes.tiny import tiny_tokenizer
    from tests.nodes.tiny_families import NOISE_LEVELS
    from transformers import CLIPTextConfig, CLIPTextModel

    library: Any = diffusers  # Untyped.
    with torch.device("meta"):
        unet = library.UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
        vae = library.AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=2, sample_size=512,
        )  # fmt: skip
    for module in (unet, vae):
        module.to_empty(device="cpu")
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.uniform_(-0.02, 0.02)
    library.StableDiffusionPipeline(
        vae=vae, unet=unet, tokenizer=tiny_tokenizer(),
        text_encoder=CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12)),
        scheduler=library.DDIMScheduler(**NOISE_LEVELS, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip


def compare(name: str, folder: Path) -> None:
    """Run one in a process of its own, and print how the estimate did."""
    model, *rest = RUNS[name]
    if model in MODELS:
        if not (folder / model).exists():
            MODELS[model](folder / model)
        model = str(folder / model)
    call = [sys.executable, "-W", "ignore", "-m", "tests.bench.memory_estimate", "--one", model, *map(str, rest)]
    said = subprocess.run(call, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    if said.returncode:
        raise SystemExit(said.stderr)
    told, taken, path, weights, computing = said.stdout.strip().splitlines()[-1].split("|")
    estimate, measured = int(told) / 1e6, int(taken) / 1e6
    print(
        f"{name:26} estimate {estimate:7.0f} MB, measured {measured:7.0f} MB, ratio {estimate / measured:.2f}; "
        f"at {path}: weights {int(weights) / 1e6:.0f}, computing {int(computing) / 1e6:.0f}",
        flush=True,
    )


MODELS: Final = {"tiny": tiny, "real": real}


def main() -> None:
    """Run each that was asked for, or all, and print the ratios."""
    if sys.argv[1:2] == ["--one"]:
        model, edge, batch, tiling = sys.argv[2:]
        one_run(model, int(edge), int(batch), tiling)
        return
    with tempfile.TemporaryDirectory() as temporary:
        for name in sys.argv[1:] or RUNS:
            compare(name, Path(os.environ.get("MODELS", temporary)))


if __name__ == "__main__":
    main()
