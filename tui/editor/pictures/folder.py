"""Opening the folder that a file lies in, where there is a desktop to open it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App

from latentgraph.graph.names import printable


def opener(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str | None:
    """The program that opens folders on this desktop; None where there is no desktop, as over SSH."""
    if platform == "darwin":
        return None if "SSH_CONNECTION" in environ else shutil.which("open")
    desktop = "DISPLAY" in environ or "WAYLAND_DISPLAY" in environ
    return shutil.which("xdg-open") if desktop else None


def open_folder(app: App[Any], file: Path) -> None:
    """Open the folder of a file; without a desktop say where it is, and put that into the clipboard."""
    folder = file.resolve().parent
    program = opener()
    if program is not None:
        try:
            subprocess.Popen(
                [program, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            program = None
    if program is None:
        app.copy_to_clipboard(str(folder))
        app.notify(f"{printable(str(folder))}\nThe path is in the clipboard.", title="The folder", markup=False)
