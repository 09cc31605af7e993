"""The editor as a process of its own at a terminal of its own, driven from outside and killed at will."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

PATIENCE = 60.0


class Terminal:
    """A terminal with an editor in it; what is drawn on it is read all the time."""

    def __init__(self, *arguments: str, folder: Path, state: Path, size: tuple[int, int] = (120, 36)) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environment = os.environ | {"XDG_STATE_HOME": str(state), "TERM": "xterm-256color"}
        program = "from latentgraph.tui.main import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "edit", *arguments, "--images", "blocks"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self._ours = ours
        self._waited = 0.0
        self.drawn = b""
        """All that was written to the terminal."""
        self.last = time.monotonic()
        """When something was written last."""
        self.started = self.last
        """When the work began, for whoever measures it."""
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # the other end is closed with the process
                ready, _, _ = select.select([self._ours], [], [], 0.5)
                if not ready:
                    if self.process.poll() is not None:
                        return
                    continue
                piece = os.read(self._ours, 65536)
                if piece:
                    self.drawn += piece
                    self.last = time.monotonic()
                    continue
            return

    def type(self, keys: str) -> float:
        """Press keys, and wait until something is drawn; returns when that was, by `now`."""
        sent = time.monotonic()
        os.write(self._ours, keys.encode())
        while self.last <= sent and self.process.poll() is None:
            assert time.monotonic() < sent + PATIENCE, self.drawn[-2000:].decode(errors="replace")
            time.sleep(0.002)
        return self.now()

    def now(self) -> float:
        """Seconds by a clock that stands still while the editor has something to do and waits for a processor."""
        try:
            waited = int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1])
        except (OSError, IndexError):  # another system, or the editor is gone
            waited = 0
        self._waited = max(self._waited, waited / 1e9)
        return time.monotonic() - self._waited

    def wait_for(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until a text was drawn."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.drawn:
            assert self.process.poll() is None, self.drawn[-2000:].decode(errors="replace")
            assert time.monotonic() < deadline, self.drawn[-2000:].decode(errors="replace")
            time.sleep(0.01)

    def wait_until_still(self, seconds: float = 0.3) -> None:
        """Wait until nothing was drawn for a while."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() - self.last < seconds and time.monotonic() < deadline:
            time.sleep(0.01)

    def kill(self) -> float:
        """End the editor as nothing but a kill does; returns when, by `now`."""
        killed = self.now()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return killed

    def close(self) -> None:
        """Take the terminal away, and the editor with it."""
        if self.process.poll() is None:
            self.kill()
        self._reader.join()
        os.close(self._ours)


@contextlib.contextmanager
def terminal(*arguments: str, folder: Path, state: Path) -> Iterator[Terminal]:
    """A terminal that is gone after the test."""
    one = Terminal(*arguments, folder=folder, state=state)
    try:
        yield one
    finally:
        one.close()
