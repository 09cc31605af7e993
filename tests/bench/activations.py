"""What the models take in memory beside their weights while they compute: the table behind the estimate before a run.

    python -m tests.bench.activations [--write]

Modules of real size are called without a single number in them: torch's FakeTensorMode carries the shapes through every
operation as the CPU would run it, and what lives at once beside the weights is counted. The peak is linear in the rows
and, where no scores of attention are held, in the cells or pixels: two sizes give its slope, and what a row takes
whatever its size. Where one layer lives at a time there are two. Prints each, and what the line is off at a third size.
Then, in processes of their own: what a run's libraries take, and how much more than what was counted is taken where the
CPU decodes for real (a convolution's input is copied into another layout). With `--write` the table goes into
nodes/memory_table.json; `tests.bench.memory_estimate` holds the estimate made of it against whole runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
import transformers
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BYTES: Final = 4
"""Of a number: the modules are measured in float32. In half precision it was half of that, to the byte."""
TABLE: Final = Path(__file__).parents[2] / "nodes/memory_table.json"
DIFFUSERS: Any = diffusers  # Untyped.
TRANSFORMERS: Any = transformers


@dataclass(frozen=True)
class Measured:
    """A module and how it is called."""

    call: str
    """`denoise`, `control`, `decode`, `encode`, `read` (a text), `look` (at a picture), `learn` or `steer`."""
    family: str
    """Empty: whatever has the module's class."""
    make: Callable[[], Any]
    width: int
    """What the numbers are proportional to, of modules that are wider or narrower."""
    inputs: Callable[[int, int], dict[str, Any]]
    """Given rows and the edge in cells or pixels: the arguments."""
    edges: tuple[int, int, int]
    """In cells (`denoise`) or pixels; the third one is held against the line through the others."""
    function: str = "forward"
    slope: str = ""
    """The argument with respect to which the result is differentiated; empty: none."""


def _unet(**config: Any) -> Callable[[], Any]:
    return lambda: DIFFUSERS.UNet2DConditionModel(**config)


SD1: Final = {"cross_attention_dim": 768, "attention_head_dim": 8}
SDXL: Final = {
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": 1,
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}


def _vae(channels: int = 4) -> Callable[[], Any]:
    return lambda: DIFFUSERS.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=channels,
    )


def _denoise(text: int, channels: int = 4, added: int = 0, **more: Any) -> Any:
    def inputs(rows: int, edge: int) -> dict[str, Any]:
        conditions = {"text_embeds": torch.randn(rows, added), "time_ids": torch.randn(rows, 6)}
        return {
            "sample": torch.randn(rows, channels, edge, edge),
            "timestep": torch.tensor(1),
            "encoder_hidden_states": torch.randn(rows, 77, text),
            **({"added_cond_kwargs": conditions} if added else {}),
            **{name: make(rows, edge) for name, make in more.items()},
        }

    return inputs


def _sd3(rows: int, edge: int) -> dict[str, Any]:
    return {
        "hidden_states": torch.randn(rows, 16, edge, edge),
        "timestep": torch.ones(rows),
        "encoder_hidden_states": torch.randn(rows, 333, 4096),
        "pooled_projections": torch.randn(rows, 2048),
    }


def _flux(rows: int, edge: int) -> dict[str, Any]:
    return {
        "hidden_states": torch.randn(rows, edge * edge // 4, 64),
        "timestep": torch.ones(rows),
        "guidance": torch.ones(rows),
        "pooled_projections": torch.randn(rows, 768),
        "encoder_hidden_states": torch.randn(rows, 512, 4096),
        "txt_ids": torch.zeros(512, 3),
        "img_ids": torch.zeros(edge * edge // 4, 3),
    }


def _tokens(count: int) -> Any:
    return lambda rows, edge: {"input_ids": torch.zeros(rows, count, dtype=torch.int64), "output_hidden_states": True}


def _clip(width: int, layers: int, *, projected: bool = False) -> Callable[[], Any]:
    config = TRANSFORMERS.CLIPTextConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=width // 64,
        projection_dim=width,
    )  # fmt: skip
    kind = TRANSFORMERS.CLIPTextModelWithProjection if projected else TRANSFORMERS.CLIPTextModel
    return lambda: kind(config)


def _t5() -> Any:
    return TRANSFORMERS.T5EncoderModel(
        TRANSFORMERS.T5Config(d_model=4096, d_ff=10240, d_kv=64, num_heads=64, num_layers=2, vocab_size=32128,
                              feed_forward_proj="gated-gelu")
    )  # fmt: skip


def _looker(width: int, layers: int, heads: int) -> Any:
    vision = {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
              "num_attention_heads": heads, "image_size": 224, "patch_size": 14}  # fmt: skip
    return TRANSFORMERS.CLIPVisionModelWithProjection(TRANSFORMERS.CLIPVisionConfig(**vision))


def _checker() -> Any:
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
              "image_size": 224, "patch_size": 14}  # fmt: skip
    return StableDiffusionSafetyChecker(TRANSFORMERS.CLIPConfig(vision_config=vision)).vision_model


def _pixels(name: str) -> Any:
    return lambda rows, edge: {name: torch.randn(rows, 3, edge, edge)}


def _latents(rows: int, edge: int) -> dict[str, Any]:
    return {"z": torch.randn(rows, 4, edge // 8, edge // 8)}


CONTROL: Final = _denoise(768, controlnet_cond=lambda rows, edge: torch.randn(rows, 3, 8 * edge, 8 * edge))
UNIT: Final = (
    "a cell of latents for denoise, control and learn, a pixel for decode, encode and steer, none for read and look"
)
CELLS: Final = (64, 128, 96)
EDGES: Final = (512, 1024, 768)
FIXED: Final = (224, 224, 224)
MEASURED: Final = (
    Measured("denoise", "sd1", _unet(**SD1), 320, _denoise(768), CELLS),
    Measured("denoise", "sdxl", _unet(**SDXL), 320, _denoise(2048, added=1280), CELLS),
    Measured("denoise", "sd3", lambda: DIFFUSERS.SD3Transformer2DModel(
        num_layers=2, attention_head_dim=64, num_attention_heads=24, pos_embed_max_size=192, out_channels=16,
        caption_projection_dim=1536), 1536, _sd3, CELLS),
    Measured("denoise", "flux", lambda: DIFFUSERS.FluxTransformer2DModel(
        num_layers=1, num_single_layers=1, guidance_embeds=True), 3072, _flux, CELLS),
    Measured("control", "", lambda: DIFFUSERS.ControlNetModel(**SD1), 320, CONTROL, CELLS),
    Measured("decode", "", _vae(), 256, _latents, EDGES, "decode"),
    Measured("learn", "sd1", _unet(**SD1), 320, _denoise(768), CELLS, slope="encoder_hidden_states"),
    Measured("steer", "", _vae(), 256, _latents, EDGES, "decode", "z"),
    Measured("encode", "", _vae(), 128, _pixels("x"), EDGES, "encode"),
    Measured("read", "sd1", _clip(768, 12), 768, _tokens(77), FIXED),
    Measured("read", "", _clip(1280, 32, projected=True), 1280, _tokens(77), FIXED),
    Measured("read", "t5", _t5, 4096, _tokens(512), FIXED),
    Measured("look", "", lambda: _looker(1280, 32, 16), 1280, _pixels("pixel_values"), FIXED),
    Measured("look", "safety", _checker, 1024, _pixels("pixel_values"), FIXED),
)  # fmt: skip


class Living(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that operations make, as long as they live."""

    def __init__(self, apart: Iterable[torch.Tensor]) -> None:
        """Count none of those that are there already."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.now: int = 0
        self.most: int = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in apart}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count what an operation made, unless it is a view."""
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, torch.Tensor) and one.untyped_storage()._cdata not in self._known:
                storage = one.untyped_storage()
                self._known.add(storage._cdata)
                self.now += storage.nbytes()
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        return made

    def _gone(self, which: int, size: int) -> None:
        self._known.discard(which)
        self.now -= size


def peak(module: Any, one: Measured, rows: int, edge: int) -> int:
    """The bytes that live at most beside the weights of a module while it is called, what it is given among them."""
    arguments = one.inputs(rows, edge)
    given = [tensor for tensor in tree_leaves(arguments) if isinstance(tensor, torch.Tensor)]
    with Living([*module.parameters(), *module.buffers(), *given]) as living, torch.set_grad_enabled(bool(one.slope)):
        if one.slope:
            arguments[one.slope].requires_grad_()
        made = getattr(module, one.function)(**arguments)
        if one.slope:
            torch.autograd.grad(made[0].float().square().mean(), arguments[one.slope])
    return int(living.most) + sum(int(tensor.nbytes) for tensor in given)


def measure(one: Measured) -> dict[str, Any]:
    """One entry of the table, printed with how far the line is off at a third size and for two rows."""
    small, large, between = one.edges
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        module = one.make().eval().requires_grad_(False)
        low, two = (peak(module, one, rows, small) for rows in (1, 2))
        high, middle = (peak(module, one, 1, edge) if edge != small else low for edge in (large, between))
    slope = (high - low) / BYTES / (large**2 - small**2) if large != small else 0.0
    constant = low / BYTES - slope * small**2
    line = BYTES * (slope * between**2 + constant)
    name = type(module).__name__
    print(f"{one.call:8}{one.family:13}{name:32}{slope:10.1f} a unit, {constant:12.0f} a row; "
          f"line / third size {line / middle:.3f}, two rows / one {two / low:.3f}", flush=True)  # fmt: skip
    return {"call": one.call, "family": one.family, "class": name, "width": one.width,
            "numbers_a_unit": round(slope, 2), "numbers_a_row": round(constant)}  # fmt: skip


RESIDENT: Final = """
import gc, psutil
def resident(): return psutil.Process().memory_info().rss
"""
LIBRARIES: Final = f"""{RESIDENT}
import torch
before = resident()
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer
print(resident() - before)
"""
DECODES: Final = f"""{RESIDENT}
import torch
from tests.bench.activations import _vae
with torch.device("meta"):
    vae = _vae()()
vae.to_empty(device="cpu").eval()
with torch.no_grad():
    for tensor in (*vae.parameters(), *vae.buffers()):
        tensor.fill_(0.01)
    vae.decode(torch.zeros(1, 4, 8, 8))
    gc.collect()
    open("/proc/self/clear_refs", "w").write("5")
    before = resident()
    vae.decode(torch.zeros(1, 4, {{cells}}, {{cells}}))
(line,) = [one for one in open("/proc/self/status") if one.startswith("VmHWM:")]
print(int(line.split()[1]) * 1024 - before)
"""


def bytes_of(program: str) -> int:
    """What a program prints that runs in a process of its own, with one thread."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-W", "ignore", "-c", program]
    return int(subprocess.run(call, env=env, capture_output=True, text=True, check=True).stdout)


def on_a_processor(decode: dict[str, Any]) -> float:
    """By how much more than what was counted a CPU takes where it decodes 512 × 512 pixels for real."""
    edge = 512
    counted = BYTES * (decode["numbers_a_unit"] * edge**2 + decode["numbers_a_row"])
    return round(float(bytes_of(DECODES.format(cells=edge // 8)) / counted), 2)


def main() -> None:
    """Measure all, print, and write if told to."""
    entries = [measure(one) for one in MEASURED]
    for one in entries:
        one["on_a_processor"] = on_a_processor(one) if one["call"] == "decode" else 1.0
    libraries = bytes_of(LIBRARIES)
    print(
        f"libraries {libraries / 1e6:.0f} MB, decoding takes {[one['on_a_processor'] for one in entries]} times as much"
    )
    if "--write" in sys.argv:
        how = f"python -m tests.bench.activations, torch {torch.__version__}, diffusers {diffusers.__version__}"
        table = {
            "measured": date.today().isoformat(),
            "how": how,
            "unit": UNIT,
            "libraries": libraries,
            "entries": entries,
        }
        TABLE.write_text(json.dumps(table, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
