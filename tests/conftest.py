"""For all tests: what they make is not kept for the next run, where a test does not ask for it."""

from __future__ import annotations

import os

os.environ["LATENTGRAPH_CACHE"] = "off"
