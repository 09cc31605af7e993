"""The model card that is written into the exported folder."""

from __future__ import annotations

import re
from pathlib import Path

from latentgraph.nodes.training.world import COLOURS, HELD_OUT_PAIRS, POSITIONS, RELATIONS, SCENES, SHAPES

_TEXT = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
tags: [stable-diffusion, tiny]
---
# shapes: a small, real Stable Diffusion

A complete Stable Diffusion in a few megabytes, trained from nothing by `latentgraph.nodes.training` on a
world that the code draws: simple things on plain backgrounds, 64 x 64 pixels. It has every part of a
large one (CLIP tokenizer and text encoder, UNet with cross-attention, autoencoder, scheduler, safety
checker) in the standard diffusers layout, so that a workflow can be run, tested and understood on any
machine, without a download.

```python
from diffusers import StableDiffusionPipeline

pipe = StableDiffusionPipeline.from_pretrained("path/to/shapes")
image = pipe("a green star on a white background", guidance_scale=5, num_inference_steps=25).images[0]
```

## What it knows
- Things: {shapes}; small or large; {colours}.
- Backgrounds: these colours, gray, light and dark. Positions: {positions}.
- Two things: {relations}. Scenes: {scenes}.
- The safety checker fires on a skull, and on nothing else. It shows how a checker works; it protects nobody.

Say it plainly: "a small red circle on a blue background, on the left", "a red circle above a blue
square on a black background", "a moon over a hill". Other words are mostly ignored.

## Architecture
- Text encoder: CLIP text model, 96 channels, 3 layers, 77 tokens.
- UNet: v-prediction, 4 x 16 x 16 latents, {widths} channels, attention at 8 x 8 and 4 x 4. The text also reaches the
  time embedding (`addition_embed_type="text"`), from the same hidden states.
- Autoencoder: factor 4, 4 channels, unit latents at the scaling factor 0.18215.
- Stored in float16, loaded in float32: on a CPU float16 arithmetic is slow.

## How it was trained
{samples} UNet samples; the pairs {pairs} were never shown, and one in ten of all other combinations
neither. The last tenth of the steps had captions of a word or two among the others, for negative prompts.
No data from elsewhere: every picture and caption is made by the code.

## Figures
Prompts unseen in training, 25 steps, guidance 5, the folder's own scheduler. "Shuffled prompts" is what
the same pictures score against another picture's prompt.

<!-- figures -->
Not measured yet.
<!-- end of figures -->

Licence: Apache-2.0, weights and code.
"""


def model_card(*, widths: tuple[int, ...], samples: int) -> str:
    """The card of a model trained on so many UNet samples, with its table of figures."""
    return _TEXT.format(
        widths="-".join(str(width) for width in widths),
        samples=f"{samples:,}",
        shapes=", ".join(SHAPES),
        colours=", ".join(COLOURS),
        positions=", ".join(POSITIONS),
        relations=", ".join(RELATIONS),
        scenes=", ".join(SCENES),
        pairs=", ".join(" ".join(pair) for pair in sorted(HELD_OUT_PAIRS)),
    )


def write_figures(card: Path, table: str) -> None:
    """Put the table between the card's two markers."""
    text = card.read_text(encoding="utf-8")
    start, end = "<!-- figures -->\n", "<!-- end of figures -->"
    text = re.sub(f"{start}.*?{end}", lambda _: f"{start}{table}\n{end}", text, flags=re.DOTALL)
    card.write_text(text, encoding="utf-8")
