"""Trains the small Stable Diffusion that ships as `builtin:shapes`.

The world is drawn by code (`world`, `draw`, `captions`), so every picture comes with its truth and a
judge can score what the model makes (`judge`). `python -m latentgraph.nodes.training --help` lists
the steps.
"""
