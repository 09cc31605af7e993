"""How long the light commands take as whole processes, against importing what they are built of.

    python -m tests.bench.start_up [TURNS]

The baseline, in turn with each command, is `python -c "import pydantic, networkx, typer"`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BASELINE = [sys.executable, "-c", "import pydantic, networkx, typer"]
COMMANDS = {
    "check text_to_image": [sys.executable, "-m", "latentgraph.tui.main", "check", "text_to_image"],
    "nodes": [sys.executable, "-m", "latentgraph.tui.main", "nodes"],
}


def seconds(command: list[str]) -> float:
    """Wall seconds of one process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print the median ratio of each command to the baseline."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    for name, command in COMMANDS.items():
        seconds(command)
        rows = [(seconds(command), seconds(BASELINE)) for _ in range(turns)]
        ratio = statistics.median(mine / base for mine, base in rows)
        mine = statistics.median(mine for mine, _ in rows)
        print(f"{name}: {mine:.2f} s, {ratio:.2f} times the baseline (median of {turns} pairs)")


if __name__ == "__main__":
    main()
