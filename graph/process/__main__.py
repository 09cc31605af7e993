"""`python -m latentgraph.graph.process`: an engine for whoever holds the other ends of its pipes."""

from __future__ import annotations

import argparse
from pathlib import Path

from latentgraph.graph.process.serve import serve


def main() -> None:
    """Read the numbers of the pipes off the command line, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    for pipe in ("requests", "messages", "life"):
        parser.add_argument(pipe, type=int)
    parser.add_argument("--nodes", type=Path, action="append", default=[])
    parser.add_argument("--allow-read", type=Path, action="append", default=[])
    asked = parser.parse_args()
    serve(asked.requests, asked.messages, asked.life, asked.nodes, asked.allow_read)


if __name__ == "__main__":
    main()
