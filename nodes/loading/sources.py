"""Live modules out of files: from_pretrained, with every way to run code or to reach the network shut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.nodes.loading.importing import importing, model_class, transformers_library
from latentgraph.nodes.loading.model_folder import TOKENIZERS
from latentgraph.nodes.loading.placing import placement

SAFETY_CHECKER: Final = "StableDiffusionSafetyChecker"
"""The only class of safety checkers that is loaded; diffusers does not hand it out with its models."""

LONGEST_TEXT: Final = {"CLIPTokenizer": 77, "T5Tokenizer": 512}
"""Tokens that CLIP reads, begin and end among them, and that T5 was trained on; for tokenizers that do not say."""
_UNLIMITED: Final = 10**6
"""From here on `model_max_length` is transformers' way to say that nobody told it (1e30)."""


@dataclass(frozen=True)
class FolderSource:
    """A part of a model in a folder of its own."""

    folder: str
    """Absolute."""
    shown: str
    """What messages call it."""
    role: str
    library: str
    class_name: str
    variant: str = ""
    """Of the weight files, such as `fp16`."""
    images: str = ""
    """The feature extractor's folder, for a safety checker or a depth estimator."""

    def make(self, device: str, dtype: str, warn: Callable[[str], None]) -> Any:
        """Read it from its files."""
        if self.role in TOKENIZERS:
            return load_tokenizer(self.folder, self.shown, self.class_name)
        with quiet_libraries():
            module = self._module(device, dtype or "float32").to(device or "cpu")
        if self.role == "safety_checker":
            from latentgraph.nodes.handles import LoadedSafetyChecker

            return LoadedSafetyChecker(module, load_feature_extractor(self.images))
        if self.role == "depth_estimator":
            from latentgraph.nodes.handles import LoadedDepthEstimator

            return LoadedDepthEstimator(module, load_feature_extractor(self.images, "DPTImageProcessorPil"))
        return module

    def _module(self, device: str, dtype: str) -> Any:
        import torch

        from latentgraph.nodes.loading.only_shapes import OnlyShapes

        wanted = part_class(self.role, self.library, self.class_name, self.shown)
        options: dict[str, Any] = {"use_safetensors": True, "local_files_only": True, "output_loading_info": True}
        if self.variant:
            options["variant"] = self.variant
        try:
            with OnlyShapes():
                module, report = wanted.from_pretrained(
                    self.folder, dtype=getattr(torch, dtype), **options, **placement(device)
                )
        except torch.OutOfMemoryError:
            raise
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise misfit(self.shown, str(error)) from error
        if missing := sorted(report["missing_keys"]):
            raise misfit(self.shown, f"{len(missing)} of its tensors are missing, such as {missing[0]!r}")
        return module.eval()


def misfit(shown: str, why: str) -> AccessError:
    """Weights that are not what the configuration beside them says."""
    first = why.strip().splitlines()[0] if why.strip() else "it cannot be loaded"
    return AccessError(
        f"{shown}: weights and configuration do not fit: {first[:300]}",
        "download or copy the model again, or see that its config.json belongs to its weights",
    )


def part_class(role: str, library: str, class_name: str, shown: str) -> Any:
    """The class of a part, which must be a model of diffusers or transformers.

    Raises:
        AccessError: It is none, whatever the model's files call it.
    """
    if role == "safety_checker":
        if class_name == SAFETY_CHECKER:
            return _safety_checker()
        raise AccessError(f"{shown}: {class_name!r} is not the safety checker of Stable Diffusion")
    with importing():
        found, base = _model_class(library, class_name)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise AccessError(
            f"{shown}: the installed {library} has no model class {class_name!r}",
            f"a newer {library} may have it: pip install -U {library}",
        )
    return found


def _safety_checker() -> Any:
    with importing():
        transformers_library()
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

        return StableDiffusionSafetyChecker


def _model_class(library: str, class_name: str) -> tuple[Any, Any]:
    """What a library has by that name, and what a model of it is derived from."""
    # Before a model of diffusers, too, which imports some of it.
    transformers = transformers_library()
    if library == "transformers":
        return getattr(transformers, class_name, None), transformers.PreTrainedModel
    import diffusers

    return model_class(class_name), diffusers.ModelMixin


def load_tokenizer(folder: str, shown: str, class_name: str = "CLIPTokenizer") -> Any:
    """The CLIP or T5 tokenizer in `folder`, which cuts at 77 or 512 tokens where its files do not say.

    A folder with vocab.json and merges.txt alone leaves `model_max_length` at 1e30, and padding to that length would
    exhaust the memory.
    """
    name = "T5Tokenizer" if class_name.startswith("T5") else "CLIPTokenizer"
    wanted = _class_of_transformers(name)
    with quiet_libraries():
        try:
            tokenizer = wanted.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # The tokenizers library raises plain Exception for a broken vocabulary.
            raise misfit(shown, str(error)) from error
    if tokenizer.model_max_length > _UNLIMITED:
        tokenizer.model_max_length = LONGEST_TEXT[name]
    return tokenizer


def load_feature_extractor(folder: str, class_name: str = "CLIPImageProcessorPil") -> Any:
    """The image processor of a safety checker or a depth estimator, always the Pillow one.

    With torchvision installed transformers would choose another, which resizes differently: scores, and with them
    the verdict at a threshold, would depend on an unrelated package.
    """
    return _class_of_transformers(class_name).from_pretrained(folder, local_files_only=True)


def _class_of_transformers(name: str) -> Any:
    with importing():
        return getattr(transformers_library(), name)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Without the libraries' own progress bars and reports: what is wrong is raised, and the run has its own bar."""
    with importing():
        import diffusers.utils.logging as diffusers_log
        import transformers.utils.logging as transformers_log

    levels = [(log, log.get_verbosity(), log.is_progress_bar_enabled()) for log in (diffusers_log, transformers_log)]
    for log, _, _ in levels:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level, bar in levels:
            log.set_verbosity(level)
            if bar:
                log.enable_progress_bar()
