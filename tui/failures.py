"""Every way in which a command can fail, as sentences and an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latentgraph.graph.errors import LatentgraphError, NodeDefinitionError, NodeFailedError, RunError, WorkflowError
from latentgraph.graph.names import OF_A_FILE
from latentgraph.tui.messages import CommandError, print_json, say, say_problems


def tell_failure(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong, and return the exit code.

    Args:
        error: What a command raised.
        as_json: Whether the caller reads JSON lines.
    """
    if isinstance(error, WorkflowError):
        say_problems(error.problems, as_json=as_json)
        return 2
    if isinstance(error, CommandError):
        say("error", str(error), as_json=as_json)
        return error.exit_code
    if isinstance(error, NodeDefinitionError):
        say("error", str(error), as_json=as_json)
        return 2
    if isinstance(error, NodeFailedError):
        say("error", f"the node '{error.node}' failed: {error.message}{_line(error)}" if error.node else error.message)
        return 1
    if isinstance(error, (RunError, LatentgraphError)):
        say("error", str(error))
        return 1
    if _is_usage(error):
        return _tell_usage(error, as_json=as_json)
    say(
        "error", f"a fault of latentgraph itself: {type(error).__name__}: {error}; --debug shows where", as_json=as_json
    )
    return 1


def _line(error: NodeFailedError) -> str:
    """The line of the user's own nodes in which it happened; empty where it was in none or is explained already."""
    line = ""
    if isinstance(error.__cause__, LatentgraphError):
        return line
    trace = error.__cause__.__traceback__ if error.__cause__ is not None else None
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").startswith(OF_A_FILE):
            line = f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return line


def _is_usage(error: Any) -> bool:
    """Whether Typer could not read the call. (Its base class moved between versions.)"""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _tell_usage(error: Any, *, as_json: bool) -> int:
    if type(error).__name__ == "NoSuchOption" and any("--set" in option.opts for option in error.ctx.command.params):
        error.message = f"{error.message}; an input of the workflow is set by --set NAME=VALUE"
    if as_json:
        print_json({"event": "problem", "severity": "error", "code": "", "message": error.format_message()})
    else:
        error.show()
    return 2
