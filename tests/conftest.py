"""For all tests: what they make is not kept for the next run, nor made by an engine that somebody keeps warm."""

from __future__ import annotations

import os

os.environ["LATENTGRAPH_CACHE"] = "off"
os.environ["LATENTGRAPH_ENGINE"] = "off"
