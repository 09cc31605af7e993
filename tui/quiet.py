"""Keeps the libraries that nodes use from writing to the terminal on their own, and from taking more than they use."""

from __future__ import annotations

import logging
import os
import sys
import warnings

SETTINGS = {
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait for each other sleep: beside other programs spinning costs half as much again.
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""What the libraries look at when they are imported; a value that the user set stays."""


def quiet_libraries() -> None:
    """Silence progress bars, warnings and log lines; call it before the libraries are imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for library in ("huggingface_hub", "transformers", "diffusers", "accelerate", "torch", "textual_image"):
        logging.getLogger(library).setLevel(logging.ERROR)
