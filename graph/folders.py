"""Folders that a user names in the environment."""

from __future__ import annotations

import os
from pathlib import Path


def named_folder(variable: str, written: str) -> Path:
    """The folder that an environment variable names, as an absolute path.

    Raises:
        ValueError: It is in the home folder of nobody.
    """
    try:
        return Path(os.path.abspath(Path(written).expanduser()))
    except RuntimeError:
        raise ValueError(f"{variable}: {written!r} is in the home folder of nobody") from None
