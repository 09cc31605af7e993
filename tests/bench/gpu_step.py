"""A denoising step at the size of Stable Diffusion 1.5 on a GPU, beside diffusers' pipeline in the same run.

    python -m tests.bench.gpu_step [PAIRS]

Weights are random (the time does not depend on them), in half precision, 512 × 512 pixels, guidance 7.5, from the
configuration that ships for single files. A step is the difference between a run of many and a run of few steps, by
the number of steps between them: both end with pixels on the CPU, so that nothing is still under way.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from shutil import copytree
from typing import Any, TypeAlias

PROMPT = "a photo of a cat"
MANY, FEW = 50, 10
Run: TypeAlias = Callable[[int, int], None]
"""A run with so many steps from that seed."""


def build(folder: Path) -> None:
    """A diffusers folder of that size with random weights in half precision."""
    import diffusers
    import torch
    import transformers

    shipped = Path(str(files("latentgraph.nodes").joinpath("configs/sd1")))
    copytree(shipped, folder, dirs_exist_ok=True)
    parts: dict[str, Any] = {
        "unet": diffusers.UNet2DConditionModel,
        "vae": diffusers.AutoencoderKL,
        "text_encoder": transformers.CLIPTextModel,
    }
    for name, kind in parts.items():
        torch.manual_seed(0)
        module = kind.from_config(str(folder / name)) if name != "text_encoder" else _text_encoder(kind, folder / name)
        module.half().save_pretrained(folder / name)
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(index))


def _text_encoder(kind: Any, folder: Path) -> Any:
    config = kind.config_class.from_pretrained(str(folder))
    return kind(config)


def ours(folder: Path) -> Run:
    """A run of the shipped workflow."""
    from latentgraph.graph.document import read_document
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine

    engine = Engine(Registry.load(), memory=0)
    document = read_document(Path(str(files("latentgraph.workflows").joinpath("text_to_image.json"))))
    given = {"model": str(folder), "prompt": PROMPT, "guidance_scale": 7.5}

    def run(steps: int, seed: int) -> None:
        values = {**given, "num_inference_steps": steps, "seed": seed}
        engine.run(document, values, settings={"device": "cuda", "dtype": "float16"}).result()

    return run


def theirs(folder: Path) -> Run:
    """A call of the pipeline, its progress bar off."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipelines: Any = StableDiffusionPipeline
    pipeline = pipelines.from_pretrained(str(folder), dtype=torch.float16).to("cuda")
    pipeline.set_progress_bar_config(disable=True)

    def run(steps: int, seed: int) -> None:
        generator = torch.Generator("cpu").manual_seed(seed)
        pipeline(PROMPT, num_inference_steps=steps, guidance_scale=7.5, generator=generator)

    return run


def seconds_per_step(run: Run, seed: int) -> float:
    """From a long and a short run."""
    times = []
    for steps in (MANY, FEW):
        started = time.perf_counter()
        run(steps, seed)
        times.append(time.perf_counter() - started)
    return (times[0] - times[1]) / (MANY - FEW)


def main() -> None:
    """Build the model, warm both sides up, and print medians."""
    import torch

    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    if not torch.cuda.is_available():
        sys.exit("this measures a CUDA device, and there is none")
    with tempfile.TemporaryDirectory() as name:
        build(Path(name))
        sides = (ours(Path(name)), theirs(Path(name)))
        for side in sides:
            side(FEW, 0)
        rows = [tuple(seconds_per_step(side, seed) for side in sides) for seed in range(1, pairs + 1)]
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, median of {pairs} pairs")
    mine, other = (1e3 * statistics.median(row[side] for row in rows) for side in (0, 1))
    ratio = statistics.median(row[0] / row[1] for row in rows)
    print(f"latentgraph {mine:.2f} ms a step, diffusers {other:.2f} ms a step, ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
