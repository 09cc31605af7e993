"""A terminal of a benchmark: starts a program on a pseudo-terminal, presses keys, and waits for what it shows."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any

from tests.bench.editor_child import AFTER, BEFORE

ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
"""What a terminal is asked and how it answers: that frames may be marked, so that they are shown at once."""
COLUMNS, ROWS = 160, 45
Shown = dict[str, Any]
"""What the program tells of a frame."""


class Terminal:
    """A program on a pseudo-terminal of its own, read by whoever measures it."""

    def __init__(self, arguments: list[str], folder: Path, *, first: bool = False) -> None:
        """Start `tests.bench.editor_child`.

        Args:
            arguments: For it.
            folder: For the bytecode of all modules, so that only the first start compiles, and for what it remembers,
                which the next start does not know.
            first: Whether it, and this process, go before all others.

        Raises:
            OSError: This user may not let a process go first.
        """
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment |= {"XDG_STATE_HOME": mkdtemp(dir=folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.editor_child", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        for process in ("self", str(self.process.pid)) if first else ():
            # Linux shares the cores among sessions, not processes, so that it takes more than to be nice.
            Path(f"/proc/{process}/autogroup").write_text("-10")
        self._read = b""
        self.shown: Shown = {}
        """Of the last frame."""

    def __enter__(self) -> Terminal:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program at once; its engine ends by itself."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)

    def press(self, keys: str) -> float:
        """Send keys as a terminal does; when that was, by `time.perf_counter`."""
        pressed = time.perf_counter()
        os.write(self._master, keys.encode())
        return pressed

    def until(self, wanted: Callable[[Shown], object], seconds: float = 60.0) -> float:
        """Read until a frame is there that shows what is wanted; when that was, by `time.perf_counter`.

        Raises:
            TimeoutError: It did not come.
        """
        end = time.perf_counter() + seconds
        while True:
            for shown in self._frames():
                self.shown = shown
                if wanted(shown):
                    return time.perf_counter()
            if time.perf_counter() > end:
                raise TimeoutError(f"in {seconds:.0f} s no frame came that was wanted; the last one: {self.shown}")
            self._take(0.5)

    def rest(self, seconds: float) -> None:
        """Do nothing for a while but read, so that the program never waits for its terminal."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._take(left)
            for shown in self._frames():
                self.shown = shown

    def _take(self, seconds: float) -> None:
        if not select.select([self._master], [], [], seconds)[0]:
            return
        try:
            data = os.read(self._master, 1 << 16)
        except OSError as error:
            raise RuntimeError(f"the program ended: {self._read[-2000:].decode(errors='replace')}") from error
        for question, answer in ANSWERS.items():
            if question in data:
                os.write(self._master, answer)
        self._read += data

    def _frames(self) -> list[Shown]:
        """What was told of the frames that are wholly read."""
        *told, self._read = self._read.split(AFTER.encode())
        return [json.loads(part.rpartition(BEFORE.encode())[2]) for part in told if BEFORE.encode() in part]
