"""`python -m latentgraph.nodes.training STEP`: train the model that ships, step by step or all at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from latentgraph.nodes.training.evaluate import as_markdown, evaluate
from latentgraph.nodes.training.steps import Workshop, use_threads

STEPS = {
    "vae": Workshop.train_vae,
    "text": Workshop.train_text,
    "latents": Workshop.encode_pictures,
    "unet": Workshop.train_unet,
    "checker": Workshop.train_checker,
}
"""In the order in which each needs the ones before."""
SHAPES_FOLDER = Path(__file__).parent.parent / "models" / "shapes"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="latentgraph.nodes.training", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "export", "evaluate", "all"])
    parser.add_argument("--work", type=Path, default=Path(".training"), help="folder of checkpoints")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves torch's default")
    parser.add_argument("--vae-steps", type=int, default=Workshop.vae_steps)
    parser.add_argument("--text-steps", type=int, default=Workshop.text_steps)
    parser.add_argument("--unet-steps", type=int, default=Workshop.unet_steps)
    parser.add_argument("--pictures", type=int, default=Workshop.pictures, help="size of the UNet's training set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=SHAPES_FOLDER, help="the exported model")
    parser.add_argument("--scheduler", default="DDIMScheduler", help="class of the exported scheduler")
    parser.add_argument("--count", type=int, default=200, help="prompts of each larger kind to evaluate")
    return parser


def main() -> None:
    """Run the named step."""
    args = _parser().parse_args()
    use_threads(args.threads)
    shop = Workshop(args.work, args.vae_steps, args.text_steps, args.pictures, args.unet_steps, args.seed)
    for step in STEPS if args.step == "all" else [args.step]:
        if step in STEPS:
            STEPS[step](shop)
    if args.step in ("export", "all"):
        shop.export(args.folder, args.scheduler)
    if args.step in ("evaluate", "all"):
        print(as_markdown(evaluate(args.folder, args.count)))


if __name__ == "__main__":
    main()
