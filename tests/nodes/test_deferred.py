"""A module that is deferred costs nothing until it is used, and is then what it would have been."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from latentgraph.nodes.loading.deferred import DeferredModule, defer, read

FILES = {
    "deferred_toy/__init__.py": "from deferred_toy.inner import Kind, count\ncount('toy')\n",
    "deferred_toy/inner.py": "from deferred_toy.counting import count\ncount('inner')\nclass Kind: pass\n",
    "deferred_toy/counting.py": "counted = []\ndef count(name): counted.append(name)\n",
    "deferred_asker.py": "from deferred_toy.inner import Kind\nfrom deferred_toy import count\n",
}


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [one for one in sys.modules if one.startswith("deferred_")]:
        del sys.modules[name]


def test_it_is_read_when_somebody_asks_it_for_something(toys: None) -> None:
    defer("deferred_toy")
    import deferred_toy  # type: ignore[import-not-found]

    assert isinstance(deferred_toy, DeferredModule)
    assert deferred_toy.Kind.__name__ == "Kind"
    assert not isinstance(deferred_toy, DeferredModule)
    assert deferred_toy.counting.counted == ["inner", "toy"]


def test_a_module_in_it_is_imported_after_it_and_once(toys: None) -> None:
    defer("deferred_toy")
    import deferred_toy.inner  # type: ignore[import-not-found]

    assert deferred_toy.inner.Kind is deferred_toy.Kind
    assert deferred_toy.counting.counted == ["inner", "toy"]
    assert deferred_toy.inner.__spec__.loader.__class__.__name__ == "SourceFileLoader"


def test_a_package_that_is_open_lets_a_module_in_it_be_imported_alone(toys: None) -> None:
    defer("deferred_toy", open=True)
    import deferred_toy.inner

    assert deferred_toy.inner.Kind
    assert isinstance(sys.modules["deferred_toy"], DeferredModule)
    assert deferred_toy.Kind is deferred_toy.inner.Kind
    assert deferred_toy.counting.counted == ["inner", "toy"]


def test_a_library_gets_something_that_is_the_class_when_it_is_used(toys: None) -> None:
    for name in ("deferred_toy", "deferred_toy.inner"):
        defer(name, askers=("deferred_asker",))
    import deferred_asker  # type: ignore[import-not-found]

    assert not isinstance(3, deferred_asker.Kind)
    assert isinstance(sys.modules["deferred_toy.inner"], DeferredModule)
    made = deferred_asker.Kind()
    import deferred_toy.inner

    assert type(made) is deferred_toy.inner.Kind
    assert isinstance(made, deferred_asker.Kind)

    class Derived(deferred_asker.Kind):  # type: ignore[misc]
        pass

    assert issubclass(Derived, deferred_asker.Kind)
    assert Derived.__bases__ == (deferred_toy.inner.Kind,)
    assert deferred_toy.counting.counted == ["inner", "toy"]


def test_names_are_in_place_until_it_is_read_and_again_where_it_cannot_be(toys: None, tmp_path: Path) -> None:
    (tmp_path / "deferred_broken.py").write_text("raise ValueError('broken')")
    (tmp_path / "deferred_named.py").write_text("name = 'real'")
    for module in ("deferred_broken", "deferred_named"):
        defer(module, {"name": "for now"})
        assert sys.modules[module].name == "for now"
    read(sys.modules["deferred_named"])
    assert sys.modules["deferred_named"].name == "real"
    with pytest.raises(ValueError, match="broken"):
        read(sys.modules["deferred_broken"])
    assert sys.modules["deferred_broken"].name == "for now"


LIBRARIES = """
    import sys
    from latentgraph.nodes.loading.compiler import COMPILER
    from latentgraph.nodes.loading.deferred import DeferredModule, read
    from latentgraph.nodes.loading.importing import MODELS, SELDOM_USED, SPREAD
    from latentgraph.nodes.loading.sources import part_class

    for library, name in (("diffusers", "UNet2DConditionModel"), ("diffusers", "AutoencoderKL"),
                          ("transformers", "CLIPTextModel")):
        assert part_class("denoiser", library, name, "").__name__ == name
    deferred = [name for name in (*SELDOM_USED, *SPREAD, *MODELS, COMPILER)]
    assert [name for name in deferred if not isinstance(sys.modules[name], DeferredModule)] == []
    assert not {"sympy", "torch._inductor", "peft.peft_model"} & set(sys.modules)

    import diffusers
    assert diffusers.SD3Transformer2DModel.__module__ == "diffusers.models.transformers.transformer_sd3"
    import diffusers.models.transformers as models
    assert models.DualTransformer2DModel is models.dual_transformer_2d.DualTransformer2DModel
    from diffusers.models.attention import BasicTransformerBlock
    import torch
    from torch._dynamo import trace_rules
    assert trace_rules.is_callable_allowed(BasicTransformerBlock)
    from diffusers.hooks.layerwise_casting import BaseTunerLayer
    from peft.tuners.lora import Linear
    assert issubclass(Linear, BaseTunerLayer)
    for name in deferred:
        read(sys.modules[name])
    import scipy.stats
    assert scipy.stats.beta.ppf(0.5, 2, 2) == 0.5
    compiled = torch.compile(torch.nn.Linear(2, 2), backend="eager")
    assert compiled(torch.ones(1, 2)).shape == (1, 2)
"""


def test_diffusers_and_transformers_come_without_what_a_run_seldom_uses_and_find_it_when_they_do() -> None:
    done = subprocess.run([sys.executable, "-c", dedent(LIBRARIES)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[-2000:]) == (0, "")
