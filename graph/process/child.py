"""One process of an engine, from its start to its end, as the process that started it sees it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import IO, Any

from latentgraph.graph.events import ENDS
from latentgraph.graph.names import printable
from latentgraph.graph.process.messages import (
    EngineDied,
    EngineLog,
    EngineReady,
    Message,
    RunEvent,
    RunRefused,
    message_from_json,
)

LONGEST_LINE = 2000
"""Bytes of what a library prints that make a line of the log at most."""
SECONDS_TO_DRAIN = 2.0
"""How long what a dead process wrote is waited for: a process that it left behind may hold its pipes open."""


class Child:
    """A process, the threads that read from it and write to it, and the runs it was given."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], tell: Callable[[Message], None]) -> None:
        """Start a process.

        Args:
            command: What to run; the numbers of three pipes are added (requests, messages, life).
            environment: Variables to set where they are not set.
            tell: Called with every message from threads of this child; the last is an EngineDied.

        Raises:
            OSError: It cannot be started.
        """
        self._tell = tell
        self._reason = ""
        self._runs: list[int] = []
        """Runs that did not come to an end yet, in order."""
        self._over = False
        self._lock = Lock()
        """Held while the two above are looked at or changed."""
        self.killed = False
        """Whether it was ended on purpose."""
        requests_read, self._requests = os.pipe()
        self._messages, messages_write = os.pipe()
        life_read, self._life = os.pipe()
        theirs = (requests_read, messages_write, life_read)
        try:
            self.process = subprocess.Popen(
                [*command, *map(str, theirs)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=theirs,
                env={**environment, **os.environ},
                # Without a terminal: nothing in it can draw over the screen, and Ctrl-C does not reach it.
                start_new_session=True,
            )
        except OSError:
            for ours in (self._requests, self._messages, self._life):
                os.close(ours)
            raise
        finally:
            for pipe in theirs:
                os.close(pipe)
        self._waiting: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._readers = [self._thread(self._read_messages), self._thread(self._read_output)]
        self._thread(self._write_requests)
        self._end = self._thread(self._wait_for_end)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request, without waiting for it to be taken."""
        self._waiting.put(request)

    def run(self, number: int, request: dict[str, Any]) -> bool:
        """Give it a run, if it has not ended: then it answers for the run, were it with its own end."""
        with self._lock:
            if not self._over:
                self._runs.append(number)
                self.ask({"ask": "run", "run": number, "request": request})
            return not self._over

    def kill(self) -> None:
        """End it at once."""
        self.killed = True
        self.process.kill()

    def stop(self, seconds: float) -> None:
        """Have it end by itself, kill it where it does not, and return when it is gone."""
        self.killed = True
        self._waiting.put(None)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._end.join()

    def _thread(self, work: Callable[[], None]) -> Thread:
        # Daemons: a program that ends does not wait for its engine, which ends with it.
        thread = Thread(target=work, name=f"latentgraph-engine-{work.__name__.strip('_')}", daemon=True)
        thread.start()
        return thread

    def _write_requests(self) -> None:
        with open(self._requests, "wb", buffering=0) as pipe, suppress(OSError):
            while (request := self._waiting.get()) is not None:
                line = (json.dumps(request) + "\n").encode()
                while line:
                    line = line[pipe.write(line) or 0 :]

    def _read_messages(self) -> None:
        with open(self._messages, "rb") as pipe:
            for line in pipe:
                # The last line of a process that was killed may be a half.
                if line.endswith(b"\n"):
                    self._take(message_from_json(json.loads(line)))

    def _take(self, message: Message) -> None:
        if isinstance(message, RunRefused) or (isinstance(message, RunEvent) and isinstance(message.event, ENDS)):
            with self._lock:
                self._runs.remove(message.run)
        if isinstance(message, EngineReady):
            self._reason = ""
        if isinstance(message, EngineLog) and message.kind == "error":
            self._reason = message.text
        self._tell(message)

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in _lines(self.process.stdout):
            self._tell(EngineLog("output", line))

    def _wait_for_end(self) -> None:
        code = self.process.wait()
        self._waiting.put(None)
        os.close(self._life)
        for reader in self._readers:
            reader.join(SECONDS_TO_DRAIN)
        if not self._readers[1].is_alive() and self.process.stdout is not None:
            self.process.stdout.close()
        with self._lock:
            self._over = True
            lost = tuple(self._runs)
        self._tell(EngineDied(code, lost, self._reason or _reason_of(code), self.killed))


def command(node_files: Sequence[Path], allow_read: Sequence[Path]) -> list[str]:
    """How an engine's process is started, without the numbers of its pipes."""
    # -P: a folder's own torch.py must not be imported because somebody works in that folder.
    start = [sys.executable, "-P", "-u", "-m", "latentgraph.graph.process"]
    for option, paths in (("--nodes", node_files), ("--allow-read", allow_read)):
        for path in paths:
            start += [option, str(path)]
    return start


def _lines(output: IO[bytes]) -> Iterator[str]:
    """What was printed, line by line; a bar that is drawn over and over is a line each time."""
    while piece := output.readline(LONGEST_LINE):
        for line in re.split(r"[\r\n]+", piece.decode("utf-8", "replace")):
            if line.strip():
                yield printable(line.rstrip())


def _reason_of(code: int) -> str:
    if code == -signal.SIGKILL:
        return "the engine was killed; if nobody did it, the memory ran out"
    if code < 0:
        name = signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"
        return f"the engine crashed ({name})"
    return f"the engine ended by itself with exit code {code}"
