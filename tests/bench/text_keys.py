"""What it saves that cross-attentions remember what they made of the text, on the whole of text_to_image.

    python -m tests.bench.text_keys [TURNS]

The shipped model on the CPU; seconds of processor time of whole runs, with it and without in turn, the least of each.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.bench.text_to_image import ours

from latentgraph.nodes import handles, text_keys


def main() -> None:
    """Print the ratio of both sides."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    sides = {"computed at each step": lambda module: None, "remembered": text_keys.remember_text}
    with tempfile.TemporaryDirectory() as folder:
        runs, times = {}, {name: [0.0] * turns for name in sides}
        for name, remember in sides.items():
            vars(handles)["remember_text"] = remember
            runs[name] = ours(Path(folder))
            runs[name](0)
        for turn in range(turns):
            for name in sorted(runs, reverse=bool(turn % 2)):
                started = time.process_time()
                runs[name](turn + 1)
                times[name][turn] = time.process_time() - started
    plain, kept = (min(times[name]) for name in sides)
    print(f"computed at each step {plain:.3f} s, remembered {kept:.3f} s (least of {turns}), ratio {kept / plain:.3f}")


if __name__ == "__main__":
    main()
