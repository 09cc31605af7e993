"""Where the program begins and ends: signals, the streams it was given, and an exit code for everything.

0 done, 1 the run failed, 2 the workflow or the call is wrong, 3 imported in part, 130 cancelled.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import Any, NoReturn

from latentgraph.tui.interrupt import Interrupted, interrupt_at_once


def main() -> NoReturn:
    """Run the command that the process was started with, and leave with its exit code."""
    interrupt_at_once()
    try:
        _prepare_streams()
        code = call(sys.argv[1:])
        sys.stdout.flush()
    except Interrupted:
        _leave_at_once(130, "stopped")
    except BrokenPipeError:
        _leave_at_once(1)
    except OSError as error:
        _leave_at_once(1, f"error: the output cannot be written: {error.strerror}")
    if threading.active_count() > 1:
        # A run whose output nobody takes any more may be in the middle of a step.
        _leave_at_once(code)
    sys.exit(code)


def call(arguments: list[str]) -> int:
    """Run a command line and return its exit code; whatever goes wrong has been told.

    Raises:
        OSError: Standard output cannot be written.
    """
    # Imported here, so that Ctrl-C is looked after from the first moment on.
    from latentgraph.tui.failures import tell_failure

    try:
        if arguments[:1] == ["run"]:
            from latentgraph.tui.warm_run import run_warm

            if (code := run_warm(arguments)) is not None:
                return code
        from typer.main import get_command

        from latentgraph.tui.commands import app

        result: Any = get_command(app)(arguments, prog_name="latentgraph", standalone_mode=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None:
            raise
        if "--debug" in arguments:
            traceback.print_exception(error)
        return tell_failure(error, as_json="--json" in arguments)
    return result if isinstance(result, int) else 0


def _prepare_streams() -> None:
    """Make the three streams usable: a caller may have closed one, or set a locale that lacks a character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - open as long as the process is
        elif mode == "w":
            stream.reconfigure(errors="replace")


def _leave_at_once(code: int, sentence: str = "") -> NoReturn:
    """End the process without waiting for the thread of a run, or for a pipe that nobody reads."""
    try:
        if sentence:
            sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
