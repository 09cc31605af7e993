"""`python -m latentgraph.nodes.training STEP`: train the model that ships, step by step or all at once."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from latentgraph.nodes.training.adopt import adopt
from latentgraph.nodes.training.card import write_figures
from latentgraph.nodes.training.evaluate import as_markdown, evaluate
from latentgraph.nodes.training.steps import Workshop, use_threads

STEPS = {
    "vae": Workshop.train_vae,
    "text": Workshop.train_text,
    "latents": Workshop.encode_pictures,
    "unet": Workshop.train_unet,
    "decoder": Workshop.refine_decoder,
    "checker": Workshop.train_checker,
}
"""In the order in which each needs the ones before."""
SHAPES_FOLDER = Path(__file__).parent.parent / "models" / "shapes"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="latentgraph.nodes.training", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "export", "evaluate", "all", "adopt"])
    parser.add_argument("--work", type=Path, default=Path(".training"), help="folder of checkpoints")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves torch's default")
    for field in fields(Workshop):
        if field.name != "folder":
            option = f"--{field.name.replace('_', '-')}"
            parser.add_argument(
                option, type=type(field.default), default=field.default, help=f"{field.default} unless told"
            )
    parser.add_argument("--folder", type=Path, default=SHAPES_FOLDER, help="the exported model")
    parser.add_argument("--scheduler", default="DDIMScheduler", help="class of the exported scheduler")
    parser.add_argument("--count", type=int, default=200, help="prompts of each larger kind to evaluate")
    parser.add_argument("--write", action="store_true", help="write the evaluated figures into the model card")
    return parser


def main() -> None:
    """Run the named step."""
    args = _parser().parse_args()
    use_threads(args.threads)
    sizes = {f.name: getattr(args, f.name) for f in fields(Workshop) if f.name != "folder"}
    shop = Workshop(args.work, **sizes)
    for step in STEPS if args.step == "all" else [args.step]:
        if step in STEPS:
            STEPS[step](shop)
    if args.step == "adopt":
        adopt(args.folder, args.work)
    if args.step in ("export", "all"):
        shop.export(args.folder, args.scheduler)
    if args.step in ("evaluate", "all"):
        table = as_markdown(evaluate(args.folder, args.count))
        print(table)
        if args.write or args.step == "all":
            write_figures(args.folder / "README.md", table)


if __name__ == "__main__":
    main()
