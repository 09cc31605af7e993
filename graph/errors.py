"""What a caller may catch, split by who repairs it.

LatentgraphError
├── WorkflowError           the author of the file, or of the call: carries every problem found
├── NotComputedError        who writes a workflow in Python: a value was asked for that only a run computes
├── EditError               whoever edits: what was asked for cannot be done to this workflow
├── NodeDefinitionError     the developer of a node: a declaration that cannot be right
└── RunError                what happened while running
    ├── NodeFailedError     a node raised, or returned what it does not declare
    ├── UnwritableError     a file could not be written, such as on a full disk
    └── RunCancelledError   somebody stopped the run
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from latentgraph.graph.problem import Problem


FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no more room."""


class LatentgraphError(Exception):
    """Anything that latentgraph says in a sentence of its own."""


class WorkflowError(LatentgraphError):
    """A workflow, or the values given to it, is wrong; `problems` says what, where and what to do."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotComputedError(LatentgraphError):
    """A value of a workflow that is being written in Python was used as if the workflow had run."""


class EditError(LatentgraphError):
    """An edit is refused.

    Attributes:
        bridge: Node types that, put in a row between the two ends, would make the link possible.
    """

    def __init__(self, message: str, bridge: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.bridge = bridge


class NodeDefinitionError(LatentgraphError):
    """A node's declaration cannot be right; the message names the function."""


class RunError(LatentgraphError):
    """A run did not finish."""


class NodeFailedError(RunError):
    """A node raised; the original exception is the cause.

    Attributes:
        node: Path of the node, such as `denoise/step`.
    """

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"{node}: {message}")
        self.node = node
        self.message = message


class UnwritableError(RunError):
    """What a run made could not be written; another run would fare no better before something is done about it."""

    def __init__(self, place: Path, error: OSError) -> None:
        remedy = "; make room, or take another folder" if error.errno in FULL else ""
        super().__init__(f"no file can be written in '{place}': {error.strerror or error}{remedy}")


class RunCancelledError(RunError):
    """The run was stopped before it was done."""
