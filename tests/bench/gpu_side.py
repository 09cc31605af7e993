"""One side of the GPU's benchmark, in a process of its own: runs it, and prints what it took as one JSON object.

python -m tests.bench.gpu_side exact|fast|diffusers sd1|sdxl FOLDER '{"device": "cuda", ...}'
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

PROMPT = "a photo of a cat"
GUIDANCE = 7.5
Run: TypeAlias = Callable[[int], Any]
"""A run from a seed, to pictures as float32 (B, 3, H, W) on the CPU."""
WORKFLOWS = {"sd1": "text_to_image", "sdxl": "sdxl_text_to_image"}


def ours(kind: str, folder: str, job: dict[str, Any], speed: str, said: list[str]) -> Run:
    """The shipped workflow, nothing kept from run to run but modules."""
    from latentgraph.graph.document import read_document
    from latentgraph.graph.events import Event
    from latentgraph.graph.registry import Registry
    from latentgraph.graph.run import Engine

    engine = Engine(Registry.load(), memory=0)
    document = read_document(Path(str(files("latentgraph.workflows").joinpath(f"{WORKFLOWS[kind]}.json"))))
    given = {"model": folder, "prompt": PROMPT, "guidance_scale": GUIDANCE, "num_inference_steps": job["steps"]}
    given |= {"num_images_per_prompt": job["batch"], "height": job["size"], "width": job["size"]}
    given |= {"negative_prompt": "a dog"}
    settings = {"device": job["device"], "dtype": job["dtype"], "memory": "resident", "speed": speed}

    def note(event: Event) -> None:
        if event.name == "warning" and "safety" not in str(event):
            said.append(str(vars_of(event).get("message", event)))

    def run(seed: int) -> Any:
        done = engine.run(document, {**given, "seed": seed}, settings=settings).result(note)
        return done.values["image"].samples

    return run


def vars_of(event: Any) -> dict[str, Any]:
    """The fields of an event."""
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def theirs(kind: str, folder: str, job: dict[str, Any]) -> Run:
    """A call of the pipeline, its progress bar off."""
    import diffusers
    import torch

    library: Any = diffusers  # Untyped.
    name = {"sd1": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline"}[kind]
    loaded = getattr(library, name).from_pretrained(folder, dtype=getattr(torch, job["dtype"]))
    pipeline = loaded.to(job["device"])
    pipeline.set_progress_bar_config(disable=True)

    def run(seed: int) -> Any:
        made = pipeline(
            PROMPT, negative_prompt="a dog", num_inference_steps=job["steps"], guidance_scale=GUIDANCE,
            num_images_per_prompt=job["batch"], height=job["size"], width=job["size"],
            generator=torch.Generator("cpu").manual_seed(seed), output_type="pt",
        )  # fmt: skip
        return made.images.float().cpu()

    return run


def measured(side: str, kind: str, folder: str, job: dict[str, Any]) -> dict[str, Any]:
    """The figures of a side; its last pictures are written to the job's `out`."""
    import numpy
    import torch

    on_gpu = job["device"].startswith("cuda")
    if job.get("light"):
        from latentgraph.nodes import fast

        fast.ON_CUDA.clear()
    said: list[str] = []
    run = theirs(kind, folder, job) if side == "diffusers" else ours(kind, folder, job, side, said)
    times = []
    for seed in [0] * job["warm"] + list(range(1, job["turns"] + 1)):
        started = time.perf_counter()
        pictures = run(seed)  # On the CPU: nothing is under way any more.
        times.append(time.perf_counter() - started)
    numpy.save(job["out"], pictures.numpy())
    cuda: Any = torch.cuda
    return {
        "first": times[0],
        "seconds": times[job["warm"] :],
        "allocated": cuda.max_memory_allocated() if on_gpu else 0,
        "reserved": cuda.max_memory_reserved() if on_gpu else 0,
        "finite": bool(torch.isfinite(pictures).all()),
        "said": sorted(set(said)),
    }


def main() -> None:
    """Run as often as asked, and print the figures."""
    side, kind, folder, written = sys.argv[1:5]
    print(json.dumps(measured(side, kind, folder, json.loads(written))), flush=True)


if __name__ == "__main__":
    main()
