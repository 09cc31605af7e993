"""For all tests: what they make is not kept for the next run, nor made by an engine that somebody keeps warm.

And the collector of garbage does not look through the libraries again and again.
"""

from __future__ import annotations

import gc
import os
import sys

_MANY_MODULES = 100
_modules = 0

os.environ["LATENTGRAPH_CACHE"] = "off"
os.environ["LATENTGRAPH_ENGINE"] = "off"


def pytest_runtest_logfinish() -> None:
    """After a test that imported a library, leave alone what stays: modules are never garbage, and there are many."""
    global _modules
    if len(sys.modules) > _modules + _MANY_MODULES:
        _modules = len(sys.modules)
        gc.collect()
        gc.freeze()
