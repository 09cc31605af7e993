"""The estimate of a run's memory: what is told of a plan without computing it, and when a warning comes of it."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.nodes.tiny import build_tiny_sd1

from latentgraph.graph.document import parse_document
from latentgraph.graph.plan import Plan
from latentgraph.graph.pool import Pool
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import memory_estimate
from latentgraph.nodes.handles import VAE, Denoiser, TextEncoder
from latentgraph.nodes.memory_estimate import needs, warnings_for
from latentgraph.nodes.memory_facts import Use, uses_of
from latentgraph.nodes.memory_table import numbers_while_computing, table

REAL_UNET = {"block_out_channels": [320, 640, 1280, 1280]}
REAL_VAE = {"block_out_channels": [128, 256, 512, 512]}
TEXT = TextEncoder("text", "sd1", {"hidden_size": 768}, "CLIPTextModel", None, 123_000_000)  # type: ignore[arg-type]
UNET = Denoiser("unet", "sd1", REAL_UNET, "UNet2DConditionModel", None, 860_000_000)  # type: ignore[arg-type]
DECODER = VAE("vae", "sd1", REAL_VAE, "AutoencoderKL", None, 84_000_000)  # type: ignore[arg-type]
RUN = (
    Use("positive", "positive", (("read", TEXT),), 0, 0, 1),
    Use("denoise/step", "denoise", (("denoise", UNET),), 1024, 1024, 2),
    Use("decoded", "decoded", (("decode", DECODER),), 1024, 1024, 1),
)
WEIGHTS = {"text": 123e6, "unet": 860e6, "vae": 84e6}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Registry.load())


def planned(engine: Engine, name: str, **given: Any) -> Plan:
    path = Path(str(files("latentgraph.workflows"))) / f"{name}.json"
    return engine.plan(parse_document(path.read_bytes(), path.name, path), given, settings={"device": "cpu"})


def told(plan: Plan) -> list[tuple[str, list[str], int, int, int]]:
    """Path, what is computed, height, width, rows."""
    uses = uses_of(plan.steps, {})
    return [(use.path, [call for call, _ in use.calls], use.height, use.width, use.rows) for use in uses]


def test_what_computes_and_how_large_it_is_is_told_of_a_plan(engine: Engine) -> None:
    assert told(planned(engine, "text_to_image", num_images_per_prompt=3, height=128)) == [
        ("positive", ["read"], 0, 0, 1),
        ("negative", ["read"], 0, 0, 1),
        ("denoise/step", ["denoise"], 128, 64, 6),
        ("decoded", ["decode"], 128, 64, 3),
        ("checked", ["look"], 128, 64, 3),
    ]
    unguided = told(planned(engine, "text_to_image", guidance_scale=1.0))
    assert unguided[2] == ("denoise/step", ["denoise"], 64, 64, 1)


def test_sizes_come_from_files_and_through_what_makes_pictures_larger(engine: Engine) -> None:
    assert [use for use in told(planned(engine, "image_to_image")) if use[1] == ["encode"]] == [
        ("encoded", ["encode"], 64, 64, 1)
    ]
    larger = told(planned(engine, "hires_fix"))
    assert ("second_denoise/step", ["denoise"], 128, 128, 2) in larger
    assert ("decoded", ["decode"], 128, 128, 1) in larger


def test_a_controlnet_computes_with_the_denoiser(engine: Engine, tmp_path: Path) -> None:
    from diffusers import ControlNetModel, UNet2DConditionModel

    build_tiny_sd1(tmp_path / "sd1", safety_checker=False)
    unet = UNet2DConditionModel.from_pretrained(tmp_path / "sd1/unet")  # type: ignore[no-untyped-call]
    ControlNetModel.from_unet(unet).save_pretrained(tmp_path / "control")
    given = {"model": str(tmp_path / "sd1"), "controlnet": str(tmp_path / "control")}
    (step,) = [use for use in told(planned(engine, "controlnet", **given)) if "denoise" in use[1]]
    assert step[1] == ["denoise", "control"]


@pytest.mark.parametrize(
    ("settings", "weights", "path"),
    [
        ({"device": "cpu", "dtype": "float32"}, 4 * sum(WEIGHTS.values()), "decoded"),
        ({"device": "cuda:0", "dtype": "float16", "memory": "resident"}, 2 * sum(WEIGHTS.values()), "decoded"),
        ({"device": "cuda:0", "dtype": "float16", "memory": "offload"}, 2 * WEIGHTS["unet"], "denoise/step"),
        # The denoiser makes room for the decoder, and what its launches set aside does not.
        ({"device": "cuda:0", "dtype": "float16"}, 2 * WEIGHTS["vae"], "decoded"),
        ({"device": "cuda:0", "dtype": "float16", "memory": "stream"}, 0, "decoded"),
    ],
)
def test_which_weights_are_there_at_once_is_a_matter_of_the_settings(
    settings: dict[str, str], weights: float, path: str
) -> None:
    need = needs(RUN, settings)
    assert need is not None
    assert (need.use.path, need.weights) == (path, weights)


def test_what_learns_and_what_steers_by_a_gradient_take_more_than_what_only_computes(engine: Engine) -> None:
    learning = [use for use in uses_of(planned(engine, "learn_token").steps, {}) if "learn" in dict(use.calls)]
    assert {use.path.rpartition("/")[2] for use in learning} == {"slope"}
    # Four pictures of 64 × 64; the number of the turns is none of theirs, and neither is what is drawn afterwards.
    assert {(use.height, use.width, use.rows) for use in learning} == {(64, 64, 4)}
    (drawn,) = [use for use in told(planned(engine, "learn_token")) if use[1] == ["denoise"]]
    assert drawn[2:] == (64, 64, 2)
    assert any("steer" in use[1] for use in told(planned(engine, "steer_by_loss")))
    for slope, plain, handle in (("learn", "denoise", UNET), ("steer", "decode", DECODER)):
        more, less = (numbers_while_computing(one, handle, 4096, 1, on_gpu=True) for one in (slope, plain))
        assert more > 7 * less > 0


def test_on_a_gpu_what_recorded_launches_set_aside_is_there_for_nobody_else() -> None:
    settings = {"device": "cuda:0", "dtype": "float16", "memory": "resident"}
    need, scarce = needs(RUN, settings), needs(RUN, settings, room=10**9)
    assert need is not None
    assert scarce is not None
    assert need.use.path == "decoded"
    looped = needs(RUN[:2], settings)
    assert looped is not None
    assert need.aside == looped.computing > 0
    assert need.total == int(need.weights + need.computing + need.aside)
    # Where little is free nothing is recorded, nor where modules come and go, nor on a processor.
    assert scarce.aside == 0
    for other in ({**settings, "memory": "offload"}, {"device": "cpu", "dtype": "float32"}):
        by_others = needs(RUN, other)
        assert by_others is not None
        assert by_others.aside == 0
    # What is called once is not recorded.
    once = needs([replace(use, top=use.path) for use in RUN], settings)
    assert once is not None
    assert once.aside == 0


def test_a_gpu_that_would_be_nearly_full_is_thought_to_record_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(engine, "text_to_image", height=4096, width=4096)
    on_gpu = replace(plan, settings={"device": "cuda:0", "dtype": "float16", "memory": "resident"})
    running = {step.path for step in plan.steps}
    uses = list(uses_of(on_gpu.steps, {}))
    need, without = needs(uses, on_gpu.settings), needs(uses, on_gpu.settings, room=0)
    assert need is not None
    assert without is not None
    between = (need.total + without.total) // 2
    monkeypatch.setattr(memory_estimate, "_free", lambda settings: (between, between))
    warned = list(warnings_for(on_gpu, running, Pool()))
    monkeypatch.setattr(memory_estimate, "_free", lambda settings: (between, 10 * between))
    assert (warned != [], list(warnings_for(on_gpu, running, Pool()))) == (need.use.path != "decoded", [])


def test_what_is_loaded_already_and_tiles_make_it_less() -> None:
    settings = {"device": "cpu", "dtype": "float32"}
    first, again, tiled = (
        needs(RUN, settings),
        needs(RUN, settings, {"unet", "text", "vae"}),
        needs(RUN, {**settings, "tiling": "512"}),
    )
    assert first is not None
    assert again is not None
    assert tiled is not None
    assert (again.weights, again.computing) == (0, first.computing)
    assert tiled.total < first.total
    # 768 numbers a pixel were counted, and a processor takes 1.3 times as much for a moment.
    entry = next(one for one in table()["entries"] if one["call"] == "decode")
    by_node = [*RUN[:2], replace(RUN[2], tile=512)]
    assert needs(by_node, settings) == replace(tiled, use=by_node[2])
    assert first.computing == pytest.approx(768 * 4 * 1024**2 * entry["on_a_processor"], rel=0.02)


def test_a_model_of_another_width_is_told_by_its_width() -> None:
    narrow = VAE("v", "", {"block_out_channels": [64, 128, 256, 256]}, "AutoencoderKL", None, 1)  # type: ignore[arg-type]
    real, half = (numbers_while_computing("decode", one, 4096, 1, on_gpu=True) for one in (DECODER, narrow))
    assert half == real / 2
    unknown = VAE("v", "", {}, "AutoencoderTiny", None, 1)  # type: ignore[arg-type]
    assert numbers_while_computing("decode", unknown, 4096, 1, on_gpu=True) == 0


def test_a_warning_says_how_much_is_lacking_and_what_to_do(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(engine, "text_to_image", height=8192, width=8192)
    running = {step.path for step in plan.steps}
    monkeypatch.setattr(memory_estimate, "_free", lambda settings: (3 * 10**9, 0))
    (sentence,) = warnings_for(plan, running, Pool())
    # Half the precision would not make it fit.
    assert sentence.endswith("; make fewer or smaller pictures at once")
    monkeypatch.setattr(memory_estimate, "_free", lambda settings: (30 * 10**9, 0))
    (sentence,) = warnings_for(plan, running, Pool())
    assert sentence.startswith("this run takes about ")
    assert " of main memory, and 30.0 GB are free; most at 'denoise/step': " in sentence
    assert " to compute 2 at once of 8192 × 8192; make fewer or smaller pictures at once or take --dtype b" in sentence
    # A smaller picture to decode would not help where the denoiser takes most.
    assert "--tiling" not in sentence
    assert list(warnings_for(plan, running - {"decoded", "denoise"}, Pool())) == []
    monkeypatch.setattr(memory_estimate, "_free", lambda settings: (10**15, 0))
    assert list(warnings_for(plan, running, Pool())) == []


def test_tiles_are_proposed_where_decoding_takes_most() -> None:
    settings = {"device": "cpu", "dtype": "float32"}
    need = needs(RUN, settings)
    assert need is not None
    assert need.use.path == "decoded"
    assert "--tiling 512 (about " in memory_estimate._ways(RUN, settings, need)


def test_on_a_gpu_what_moves_the_weights_away_is_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"device": "cuda:0", "dtype": "float32", "memory": "resident"}
    need = needs(RUN, settings)
    assert need is not None
    ways = memory_estimate._ways(RUN, settings, need)
    assert ways.startswith("make fewer or smaller pictures at once or take --memory offload (about ")
    for way in ("--memory stream (about ", "--dtype float16 (about "):
        assert way in ways
