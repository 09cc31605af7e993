"""Pictures of InvokeAI, from what they carry: `invokeai_metadata` or, in older ones, `sd-metadata`, `Dream`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from latentgraph.graph.errors import WorkflowError
from latentgraph.nodes.comfyui.composing import Composer, Lora, file_name, load
from latentgraph.nodes.comfyui.loading import fault
from latentgraph.nodes.comfyui.loading import load as load_json
from latentgraph.nodes.comfyui.picture_texts import is_picture, picture_texts
from latentgraph.nodes.comfyui.prompt import Prompt

METADATA, OLD, OLDEST = "invokeai_metadata", "sd-metadata", "Dream"
"""What it has called its texts, the newest first."""
SCHEDULERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ddim": "ddim", "ddpm": "ddpm", "deis": "deis", "dpmpp_2s": "dpmpp_2s_ancestral", "dpmpp_2m": "dpmpp_2m",
        "dpmpp_2m_sde": "dpmpp_2m_sde", "dpmpp_3m": "dpmpp_3m_sde", "dpmpp_sde": "dpmpp_sde", "euler": "euler",
        "euler_a": "euler_ancestral", "heun": "heun", "kdpm_2": "dpm_2", "kdpm_2_a": "dpm_2_ancestral", "lms": "lms",
        "unipc": "uni_pc", "lcm": "lcm",
        "dpm_2": "dpm_2", "dpm_2_a": "dpm_2_ancestral", "dpmpp_2": "dpmpp_2m", "dpmpp_2_a": "dpmpp_2s_ancestral",
    }
)  # fmt: skip
"""Its schedulers, without `_k` behind or `k_` before, and ComfyUI's samplers."""
_OTHER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "controlnets": "a ControlNet",
        "ipAdapters": "an IP-Adapter",
        "t2iAdapters": "a T2I-Adapter",
        "refiner_model": "SDXL's refiner",
        "regions": "regional guidance",
        "control_layers": "control layers",
        "canvas_v2_metadata": "the layers of the canvas",
        "hrf_enabled": "its high-resolution fix",
        "seamless_x": "seamless tiling",
        "seamless_y": "seamless tiling",
        "cfg_rescale_multiplier": "rescaled guidance",
        "upscale_model": "upscaling",
        "perlin": "Perlin noise",
        "threshold": "a threshold on latents",
        "facetool": "the repair of faces",
        "upscale": "upscaling",
        "variations": "variations of the seed",
    }
)
_READERS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {"scheduler": str, "cfg_scale": float, "strength": float}
)
"""Of the values of a command line that are no whole numbers."""
_ROUND: Final = re.compile(r"\(([^()]+)\)(\d+\.?\d*|\++|-+)?")
_WORD: Final = re.compile(r"(\S*?[^\s+()-])(\++|-{2,})([,.]*)")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a picture says, whatever version wrote it."""

    data: Mapping[str, Any]

    def text(self, *names: str) -> str:
        """The first of these that is there as text."""
        return next((one for name in names if isinstance(one := self.data.get(name), str)), "")

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A number between two bounds; the default where there is none."""
        value = self.data.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return default
        return min(max(value, least), most)

    def whole(self, name: str, default: int, least: int = 0, most: int = 2**64 - 1) -> int:
        """A whole number between two bounds."""
        value = self.data.get(name)
        return min(max(value, least), most) if type(value) is int else default

    def model(self, name: str = "model") -> tuple[str, str]:
        """The name of a model and what it is made for, in the words of the program."""
        value = self.data.get(name)
        if isinstance(value, str):
            return value, ""
        known = value if isinstance(value, dict) else {}
        title, base = known.get("name", known.get("model_name", "")), known.get("base", known.get("base_model", ""))
        return title if isinstance(title, str) else "", base if isinstance(base, str) else ""

    def loras(self) -> list[Lora]:
        """Its LoRAs."""
        found = []
        listed = self.data.get("loras")
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict):
                inner = one.get("model", one.get("lora"))
                title, _ = Settings({"model": inner}).model()
                weight = Settings(one).number("weight", 0.75, -100, 100)
                found.append(Lora(file_name(title or "lora"), weight, weight))
        return found


def is_invokeai(raw: bytes) -> bool:
    """Whether the bytes are a picture that says in InvokeAI's way how it was made."""
    return is_picture(raw) and not {METADATA, OLD, OLDEST}.isdisjoint(picture_texts(raw))


def read_invokeai(raw: bytes, name: str) -> Prompt:
    """Read such a picture.

    Raises:
        WorkflowError: It does not say how it was made.
    """
    texts = picture_texts(raw)
    problems = []
    for chunk, read in ((METADATA, _newest), (OLD, _old), (OLDEST, _oldest)):
        if chunk in texts:
            try:
                return _composed(read(texts[chunk], name), chunk)
            except WorkflowError as error:
                problems += list(error.problems)
    if problems:
        raise WorkflowError(problems)
    raise fault(name, "it does not say in InvokeAI's way how it was made")


def _newest(text: str, name: str) -> Settings:
    data = load_json(text, name)
    if not isinstance(data, dict) or not {"positive_prompt", "seed", "model", "steps"} & set(data):
        raise fault(name, f"its '{METADATA}' is not what InvokeAI writes")
    return Settings(data)


def _old(text: str, name: str) -> Settings:
    """Of version 2, which has the negative prompt in square brackets inside the prompt."""
    data = load_json(text, name)
    image = data.get("image") if isinstance(data, dict) else None
    if not isinstance(image, dict):
        raise fault(name, f"its '{OLD}' is not what InvokeAI writes")
    prompt = image.get("prompt")
    if isinstance(prompt, list):
        prompt = " ".join(str(one.get("prompt", "")) for one in prompt if isinstance(one, dict))
    known = {**image, "scheduler": image.get("sampler"), "model": data.get("model_weights"), "loras": []}
    if image.get("type") == "img2img":
        known["init_image"] = image.get("init_image_path", "image.png")
    return Settings({**known, **_sides(prompt if isinstance(prompt, str) else "")})


def _oldest(text: str, name: str) -> Settings:
    """A command line: `"a prompt" -s50 -S42 -W512 -H512 -C7.5 -A k_lms`."""
    try:
        words = shlex.split(text[:20_000])
    except ValueError:
        raise fault(name, f"its '{OLDEST}' is not what InvokeAI writes") from None
    known: dict[str, Any] = {}
    plain = []
    pending = iter(words)
    for word in pending:
        match = re.fullmatch(r"-([sSWHCAf])(.*)", word, re.DOTALL)
        if match is None:
            plain.append(word)
            continue
        value = match[2] or next(pending, "")
        key = {"s": "steps", "S": "seed", "W": "width", "H": "height", "C": "cfg_scale", "A": "scheduler",
               "f": "strength"}[match[1]]  # fmt: skip
        try:
            known[key] = (
                value if key == "scheduler" else float(value) if key in ("cfg_scale", "strength") else int(value)
            )
        except ValueError:
            continue
    return Settings({**known, **_sides(" ".join(plain))})


def _sides(prompt: str) -> dict[str, str]:
    negative = " ".join(_BRACKETS.findall(prompt))
    return {"positive_prompt": _BRACKETS.sub("", prompt).strip(), "negative_prompt": negative}


def _composed(given: Settings, chunk: str) -> Prompt:
    """The nodes of ComfyUI that make the same picture."""
    composer = Composer(chunk, "comfyui")
    checkpoint, base = given.model()
    if base and not base.startswith(("sd-1", "sd-2", "sdxl", "stable-diffusion-1", "stable-diffusion-2")):
        composer.note(f"the model is of a family that is not read from a single file: {base}")
    if base.startswith("sdxl") and "xl" not in checkpoint.lower():
        checkpoint = f"{checkpoint or 'model'}_sdxl"
        composer.note("its model is of Stable Diffusion XL, which stands in the name of its file here")
    if not checkpoint:
        composer.note("the picture does not name its model; give one with --set checkpoint=...")
    vae, _ = given.model("vae")
    skipped = given.whole("clip_skip", 0, 0, 23)
    model = load(composer, file_name(checkpoint or "model"), file_name(vae) if vae else "", given.loras(), skipped + 1)
    texts = {}
    for side in ("positive", "negative"):
        text = given.text(f"{side}_prompt")
        if style := given.text(f"{side}_style_prompt"):
            text = f"{text} {style}" if style != text else text
        texts[side] = composer.add("CLIPTextEncode", side, clip=model.clip, text=comfyui_weights(text))
    sampler, scheduler = _sampler(composer, given)
    width, height = (given.whole(name, 512, 64, 8192) // 8 * 8 for name in ("width", "height"))
    steps, seed = given.whole("steps", 30, 1, 10_000), given.whole("seed", 0)
    common: dict[str, Any] = {
        "model": model.model, "steps": steps, "cfg": given.number("cfg_scale", 7.5, 0, 100), "sampler_name": sampler,
        "scheduler": scheduler, **texts,
    }  # fmt: skip
    picture = given.text("init_image")
    if picture:
        start = composer.add("LoadImage", image=re.split(r"[\\/]", picture)[-1] or "image.png")
        sized = composer.add("ImageScale", image=start, upscale_method="bilinear", width=width, height=height,
                             crop="disabled")  # fmt: skip
        first = steps - max(1, int(steps * given.number("strength", 0.75, 0, 1)))
        latent = composer.add("KSamplerAdvanced", latent_image=composer.add("VAEEncode", pixels=sized, vae=model.vae),
                              add_noise="enable", noise_seed=seed, start_at_step=first, end_at_step=10_000,
                              return_with_leftover_noise="disable", **common)  # fmt: skip
    else:
        empty = composer.add("EmptyLatentImage", width=width, height=height, batch_size=1)
        latent = composer.add("KSampler", latent_image=empty, seed=seed, denoise=1.0, **common)
    composer.add("SaveImage", images=composer.add("VAEDecode", samples=latent, vae=model.vae), filename_prefix="image")
    _leave_out_the_rest(composer, given)
    return composer.prompt()


def _sampler(composer: Composer, given: Settings) -> tuple[str, str]:
    told = given.text("scheduler") or "euler"
    word = told.removeprefix("k_")
    karras = word.endswith("_k")
    sampler = SCHEDULERS.get(word.removesuffix("_k"))
    if sampler is None:
        composer.leave_out(f"scheduler {told}", "ComfyUI has none like it; 'euler' stands in its place",
                           "choose another")  # fmt: skip
    composer.note("InvokeAI's schedulers are diffusers' with its own settings: the picture is alike, not the same")
    return sampler or "euler", "karras" if karras else "ddim_uniform" if sampler == "ddim" else "normal"


def _leave_out_the_rest(composer: Composer, given: Settings) -> None:
    told = set()
    for key, what in _OTHER.items():
        value = given.data.get(key)
        if value and what not in told:
            told.add(what)
            composer.leave_out(what, "it has no counterpart in the import", "add it by hand")
    mode = given.text("generation_mode")
    if "inpaint" in mode or "outpaint" in mode:
        composer.leave_out(mode, "the mask is not in the picture", "begin at the workflow inpaint")


def comfyui_weights(text: str) -> str:
    """A prompt in InvokeAI's notation of weights, `(word)1.2` and `word++`, in ComfyUI's, `(word:1.2)`."""

    def weight(mark: str) -> float:
        if mark[0] in "+-":
            return round((1.1 if mark[0] == "+" else 0.9) ** min(len(mark), 20), 4)
        return float(mark)

    def bracketed(match: re.Match[str]) -> str:
        return f"({match[1]}:{weight(match[2]):g})" if match[2] else match[1]

    def word(match: re.Match[str]) -> str:
        marked = _WORD.fullmatch(match[0])
        return f"({marked[1]}:{weight(marked[2]):g}){marked[3]}" if marked else match[0]

    return re.sub(r"\S+", word, _ROUND.sub(bracketed, text))
