"""The sorts of values that the canvas tells apart by glyph and colour, by the names of their types."""

from __future__ import annotations

from typing import Any, Final, get_args, get_origin
from zlib import crc32

from latentgraph.graph.types import PortType

VALUE: Final = "value"
"""What a file can write out: numbers, strings, choices."""
ANY: Final = "any"
OTHERS: Final = 4
"""Kinds `other-0` and so on, which types that are not known here share by their names."""
_KNOWN: Final = {
    "Conditioning": "conditioning",
    "Denoiser": "denoiser",
    "Guidance": "guidance",
    "Image": "image",
    "Latents": "latents",
    "Mask": "mask",
    "Noise": "noise",
    "NoisePrediction": "prediction",
    "PredictionPair": "pair",
    "RandomState": "random",
    "SafetyChecker": "checker",
    "Scheduler": "scheduler",
    "SchedulerState": "state",
    "TextEncoder": "encoder",
    "Timestep": "timestep",
    "Tokenizer": "tokenizer",
    "Tokens": "tokens",
    "VAE": "vae",
}
KINDS: Final = (*_KNOWN.values(), VALUE, ANY, *(f"other-{number}" for number in range(OTHERS)))


def kind_of_type(port_type: PortType) -> str:
    """The kind of a port's values; of a list, that of its items."""
    member = next((one for one in port_type.members if one is not type(None)), Any)
    while get_origin(member) in (list, tuple):
        member = next((one for one in PortType(get_args(member)[0]).members if one is not type(None)), Any)
    if member is Any:
        return ANY
    if port_type.literal:
        return VALUE
    name = str(getattr(member, "__name__", member))
    return _KNOWN.get(name) or f"other-{crc32(name.encode()) % OTHERS}"
