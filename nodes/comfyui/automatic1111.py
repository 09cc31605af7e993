"""Pictures of AUTOMATIC1111's web UI and its relatives, from the text that they carry as `parameters`.

The text is the prompt, the negative prompt, and one line of `Name: value` pairs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from latentgraph.nodes.comfyui.composing import Composer, Lora, Model, file_name, load
from latentgraph.nodes.comfyui.loading import fault
from latentgraph.nodes.comfyui.picture_texts import is_picture, picture_texts
from latentgraph.nodes.comfyui.prompt import Prompt, PromptLink

CHUNK: Final = "parameters"
_NEGATIVE: Final = "Negative prompt:"
_FIRST: Final = re.compile(r"^Steps: *\d", re.MULTILINE)
_PAIR: Final = re.compile(r'\s*([\w][\w \-/.+]{0,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_LORA: Final = re.compile(r"<(?:lora|lyco):([^:<>]++)(?::([^:<>]*+))?(?::([^:<>]*+))?[^<>]*+>")
_HYPERNET: Final = re.compile(r"<hypernet:([^:<>]++)[^<>]*+>")
_SQUARE: Final = re.compile(r"\[([^\[\]]*)\]")
_ROUND: Final = re.compile(r"\([^()]*\)")
LONGEST: Final = 200_000
"""Characters of such a text; a long prompt has a hundredth of it."""
_SIZE: Final = re.compile(r"(\d{1,5}) ?x ?(\d{1,5})")

SAMPLERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "euler a": "euler_ancestral",
        "euler": "euler",
        "lms": "lms",
        "heun": "heun",
        "dpm2": "dpm_2",
        "dpm2 a": "dpm_2_ancestral",
        "dpm++ 2s a": "dpmpp_2s_ancestral",
        "dpm++ 2m": "dpmpp_2m",
        "dpm++ sde": "dpmpp_sde",
        "dpm++ 2m sde": "dpmpp_2m_sde",
        "dpm++ 2m sde heun": "dpmpp_2m_sde_heun",
        "dpm++ 3m sde": "dpmpp_3m_sde",
        "dpm fast": "dpm_fast",
        "dpm adaptive": "dpm_adaptive",
        "ddim": "ddim",
        "unipc": "uni_pc",
        "lcm": "lcm",
        "ddpm": "ddpm",
        "heun++": "heunpp2",
        "deis": "deis",
        "ipndm": "ipndm",
        "er sde": "er_sde",
    }
)
"""Its names of samplers, in small letters, and ComfyUI's."""
SCHEDULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "uniform": "normal",
        "normal": "normal",
        "karras": "karras",
        "exponential": "exponential",
        "sgm uniform": "sgm_uniform",
        "simple": "simple",
        "ddim": "ddim_uniform",
        "beta": "beta",
        "kl optimal": "kl_optimal",
    }
)
_AUTOMATIC: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("dpm_2", "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_2m", "dpmpp_sde"), "karras"),
        **dict.fromkeys(("dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde"), "exponential"),
        "ddim": "ddim_uniform",
    }
)
"""What the schedule 'Automatic' is; 'normal' for the others."""
LATENT_UPSCALERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "latent": "bilinear",
        "latent (antialiased)": "bilinear",
        "latent (bicubic)": "bicubic",
        "latent (bicubic antialiased)": "bicubic",
        "latent (nearest)": "nearest-exact",
        "latent (nearest-exact)": "nearest-exact",
    }
)
PLAIN_UPSCALERS: Final[Mapping[str, str]] = MappingProxyType(
    {"none": "lanczos", "lanczos": "lanczos", "nearest": "nearest-exact"}
)
_READ: Final = frozenset(
    {
        "steps", "sampler", "schedule type", "cfg scale", "seed", "size", "model", "vae", "clip skip",
        "denoising strength", "hires upscale", "hires resize", "hires steps", "hires upscaler", "hires prompt",
        "hires negative prompt", "hires cfg scale", "ti hashes", "rng",
    }
)  # fmt: skip
_HARMLESS: Final = frozenset(
    {
        "model hash", "vae hash", "lora hashes", "version", "user", "batch size", "batch pos", "ensd", "hashes",
        "hires module 1", "module 1", "time taken", "template", "negative template", "created date", "eta",
    }
)  # fmt: skip
"""Names that say nothing of the picture, or nothing that another program could follow."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The text, taken apart."""

    positive: str
    negative: str
    values: Mapping[str, str]
    """By name, in small letters."""

    def number(self, name: str, default: float, least: float = 0, most: float = 1e6) -> float:
        """A number between two bounds; the default where there is none."""
        try:
            number = float(self.values[name])
        except (KeyError, ValueError):
            return default
        return min(max(number, least), most) if number == number else default

    def whole(self, name: str, default: int, least: int = 0, most: int = 2**64 - 1) -> int:
        """A whole number between two bounds; the default where there is none."""
        text = self.values.get(name, "").strip()
        return min(max(int(text), least), most) if re.fullmatch(r"-?\d{1,20}", text) else default

    def size(self, name: str) -> tuple[int, int] | None:
        """Width and height in pixels, in eights."""
        match = _SIZE.fullmatch(self.values.get(name, "").strip())
        if match is None:
            return None
        width, height = (min(max(int(one) // 8 * 8, 64), 8192) for one in match.groups())
        return width, height


def is_automatic1111(raw: bytes) -> bool:
    """Whether the bytes are a picture, or a text, that says in AUTOMATIC1111's way how it was made."""
    text = _text_of(raw)
    return text is not None and _FIRST.search(text) is not None


def _text_of(raw: bytes) -> str | None:
    if is_picture(raw):
        texts = picture_texts(raw)
        return None if "prompt" in texts or "workflow" in texts else texts.get(CHUNK)
    if raw.lstrip().startswith((b"{", b"[")) or b"Steps: " not in raw:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def parameters_of(text: str) -> Parameters:
    """Take the text apart: everything before `Negative prompt:`, everything up to the line of pairs, and the pairs."""
    matches = list(_FIRST.finditer(text))
    body, line = (text[: matches[-1].start()], text[matches[-1].start() :]) if matches else (text, "")
    positive, _, negative = body.partition(f"\n{_NEGATIVE}") if not body.startswith(_NEGATIVE) else ("", "", body[16:])
    values: dict[str, str] = {}
    for name, value in _PAIR.findall(line.replace("\n", ", ")):
        values.setdefault(name.strip().lower(), _unquoted(value.strip()))
    return Parameters(positive.strip(), negative.strip(), values)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def read_automatic1111(raw: bytes, name: str) -> Prompt:
    """Read such a picture or text.

    Raises:
        WorkflowError: It does not say how it was made.
    """
    text = _text_of(raw)
    if text is None or not _FIRST.search(text):
        raise fault(name, "it does not say in AUTOMATIC1111's way how it was made")
    if len(text) > LONGEST:
        raise fault(name, f"its text is longer than {LONGEST:,} characters", "no prompt is like that")
    return composed(parameters_of(text.encode("utf-8", "replace").decode()))


def composed(given: Parameters) -> Prompt:
    """The nodes of ComfyUI that make the same picture."""
    composer = Composer(CHUNK, "automatic1111")
    positive, negative = (_embedded(text, given) for text in (given.positive, given.negative))
    positive, loras = _without_networks(positive, composer)
    negative, more = _without_networks(negative, composer)
    checkpoint = given.values.get("model", "")
    if not checkpoint:
        composer.note("the picture does not name its model; give one with --set checkpoint=...")
    vae = given.values.get("vae", "")
    vae = "" if vae.lower() in ("", "automatic", "none") else vae
    model = load(composer, file_name(checkpoint or "model"), vae, [*loras, *more], given.whole("clip skip", 1, 1, 24))
    if _is_edited(positive) or _is_edited(negative):
        composer.leave_out(
            "prompt editing",
            "a prompt that changes from step to step, or AND, is taken as words",
            "write the part that matters",
        )
    _sample(composer, given, model, positive, negative)
    _leave_out_the_rest(composer, given)
    composer.note("AUTOMATIC1111 draws its noise on the GPU, unless the picture says 'RNG: CPU': the same seed makes "
                  "another picture here")  # fmt: skip
    if given.values.get("rng", "").lower() == "cpu":
        composer.notes.pop()
    return composer.prompt()


def _is_edited(text: str) -> bool:
    """Whether a prompt says `[from:to:when]`, `[one|other]` or AND; square brackets alone are weights."""
    bare = _ROUND.sub("", text)
    return (
        any(":" in inner or "|" in inner for inner in _SQUARE.findall(bare)) or re.search(r"\bAND\b", bare) is not None
    )


def _sample(composer: Composer, given: Parameters, model: Model, positive: str, negative: str) -> None:
    """From the texts to the saved picture: one pass, or a second one that makes it larger."""
    sampler, scheduler = _sampler(composer, given)
    width, height = given.size("size") or (512, 512)
    common: dict[str, Any] = {
        "model": model.model, "cfg": given.number("cfg scale", 7.0, 0, 100),
        "sampler_name": sampler, "scheduler": scheduler,
        "positive": composer.add("CLIPTextEncode", "positive", clip=model.clip, text=positive),
        "negative": composer.add("CLIPTextEncode", "negative", clip=model.clip, text=negative),
    }  # fmt: skip
    steps, seed = given.whole("steps", 20, 1, 10_000), given.whole("seed", 0)
    denoise = given.number("denoising strength", 1.0, 0, 1)
    enlarged = "hires upscale" in given.values or "hires resize" in given.values
    if "denoising strength" in given.values and not enlarged:
        composer.note("it began at a picture, which it does not carry; give that with --set image=...")
        picture = composer.add("LoadImage", image="image.png")
        sized = composer.add("ImageScale", image=picture, upscale_method="lanczos", width=width, height=height,
                             crop="center")  # fmt: skip
        start = composer.add("VAEEncode", pixels=sized, vae=model.vae)
        # It makes the schedule of all steps and begins inside it.
        first = max(steps - int(min(denoise, 0.999) * steps) - 1, 0)
        latent = composer.add("KSamplerAdvanced", latent_image=start, add_noise="enable", noise_seed=seed, steps=steps,
                              start_at_step=first, end_at_step=10_000, return_with_leftover_noise="disable",
                              **common)  # fmt: skip
    else:
        empty = composer.add("EmptyLatentImage", width=width, height=height, batch_size=1)
        latent = composer.add("KSampler", latent_image=empty, seed=seed, steps=steps, denoise=1.0, **common)
    if enlarged:
        common |= _second_texts(composer, given, model)
        start = _larger(composer, given, model, latent, (width, height))
        again = given.whole("hires steps", 0, 0, 10_000) or steps
        latent = composer.add("KSampler", latent_image=start, seed=seed, steps=again, denoise=denoise, **common)
    image = composer.add("VAEDecode", samples=latent, vae=model.vae)
    composer.add("SaveImage", images=image, filename_prefix="image")


def _sampler(composer: Composer, given: Parameters) -> tuple[str, str]:
    """Sampler and scheduler by ComfyUI's names; versions before 1.9 have the schedule in the sampler's name."""
    told = given.values.get("sampler", "Euler a")
    word, schedule = told.lower().strip(), given.values.get("schedule type", "").lower().strip()
    for suffix in ("karras", "exponential"):
        if word.endswith(f" {suffix}") and word not in SAMPLERS:
            word, schedule = word.removesuffix(f" {suffix}"), suffix
    sampler = SAMPLERS.get(word)
    if sampler is None:
        composer.leave_out(f"sampler {told}", "ComfyUI has none like it; 'euler' stands in its place", "choose another")
        sampler = "euler"
    if schedule == "automatic":
        return sampler, _AUTOMATIC.get(sampler, "normal")
    if schedule and schedule not in SCHEDULES:
        composer.leave_out(f"schedule {given.values.get('schedule type', schedule)}",
                           "ComfyUI has none like it; 'normal' stands in its place", "choose another")  # fmt: skip
    return sampler, SCHEDULES.get(schedule, "ddim_uniform" if sampler == "ddim" else "normal")


def _second_texts(composer: Composer, given: Parameters, model: Model) -> dict[str, Any]:
    """What the second pass has otherwise than the first."""
    other: dict[str, Any] = {}
    for side, name in (("positive", "hires prompt"), ("negative", "hires negative prompt")):
        if text := given.values.get(name, "").strip():
            text, _ = _without_networks(text, composer)
            other[side] = composer.add("CLIPTextEncode", f"second {side}", clip=model.clip, text=text)
    if cfg := given.number("hires cfg scale", 0, 0, 100):
        other["cfg"] = cfg
    return other


def _larger(
    composer: Composer, given: Parameters, model: Model, latent: PromptLink, size: tuple[int, int]
) -> PromptLink:
    """What the second pass begins at: the first one's latents or picture, made larger."""
    factor = given.number("hires upscale", 2.0, 0.1, 16)
    width, height = given.size("hires resize") or tuple(min(int(one * factor) // 8 * 8, 8192) for one in size)
    told = given.values.get("hires upscaler", "Latent")
    if method := LATENT_UPSCALERS.get(told.lower()):
        return composer.add("LatentUpscale", samples=latent, upscale_method=method, width=width, height=height,
                            crop="disabled")  # fmt: skip
    image = composer.add("VAEDecode", samples=latent, vae=model.vae)
    method = PLAIN_UPSCALERS.get(told.lower(), "lanczos")
    if told.lower() not in PLAIN_UPSCALERS:
        network = composer.add("UpscaleModelLoader", model_name=told if "." in told else f"{told}.pth")
        image = composer.add("ImageUpscaleWithModel", upscale_model=network, image=image)
    sized = composer.add("ImageScale", image=image, upscale_method=method, width=width, height=height, crop="disabled")
    return composer.add("VAEEncode", pixels=sized, vae=model.vae)


def _without_networks(text: str, composer: Composer) -> tuple[str, list[Lora]]:
    """The text without the tags that name LoRAs, and those; another kind of network is left out."""
    loras = []
    for name, first, second in _LORA.findall(text):
        strength_clip = _strength(first)
        strength = _strength(second.partition("=")[2] or second) if second else strength_clip
        loras.append(Lora(file_name(name.strip()), strength, strength_clip))
    for name in _HYPERNET.findall(text):
        composer.leave_out(f"hypernetwork {name}", "hypernetworks have no counterpart", "take a LoRA")
    return re.sub(r" +", " ", _HYPERNET.sub("", _LORA.sub("", text))).strip(" ,"), loras


def _strength(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 1.0
    return min(max(number, -100.0), 100.0) if number == number else 1.0


def _embedded(text: str, given: Parameters) -> str:
    """The text with its textual inversions, which it calls by their bare names, written as ComfyUI does."""
    for pair in given.values.get("ti hashes", "").split(",")[:50]:
        if name := pair.partition(":")[0].strip():
            text = re.sub(rf"(?<![\w:]){re.escape(name)}(?!\w)", lambda match: f"embedding:{match[0]}", text)
    return text


def _leave_out_the_rest(composer: Composer, given: Parameters) -> None:
    for name, value in given.values.items():
        if name not in _READ and name not in _HARMLESS and not name.startswith("lora"):
            composer.leave_out(name, "the parameter has no counterpart", "add what it did by hand", value=value)
