"""CUDA graphs: a module's launches recorded once and replayed, so that the GPU does not wait for Python.

At batch 1 a UNet launches hundreds of small kernels, and the host is slower than they are. A graph holds the very
kernels of a plain call; it is used only after its first replay gave the plain call's result.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from latentgraph.graph.context import RunContext
from latentgraph.nodes.memory import where_to_wait

if TYPE_CHECKING:
    from torch import Tensor

    from latentgraph.nodes.text_keys import TextKeys

IP_SCALES: Final = "latentgraph_ip_adapter_scales"
"""Attribute of a module with IP-Adapters: the scales that its attention has at the moment."""

MOST_GRAPHS: Final = 8
"""Of one module: each holds its inputs and outputs, and all share one pool of memory for what lies between."""
MOST_SEEN: Final = 64
"""Calls of one module that are remembered by their shapes, whether there is a graph for them or not."""


ROLES: Final = frozenset({"denoiser", "controlnet", "vae", "text_encoder"})
"""Of parts that are replayed."""
SHARE_FREE: Final = 0.25
"""Of the device's memory, below which nothing is recorded: what a graph sets aside is there for nobody else."""
CLOSE: Final = 0.05
"""How far a replay of a compiled module may be from its plain call, as a share of the largest number."""


class Recorder(Protocol):
    """What records launches."""

    def has_room(self) -> bool:
        """Whether what lies between inputs and outputs can be set aside for good."""

    def record(self, call: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """The outputs of a call, and what computes it again into the same outputs, from the same inputs."""


class CudaRecorder:
    """Records on a CUDA device; all that it records shares a pool of memory, for one replays at a time."""

    def __init__(self, device: str) -> None:
        """For `cuda:N`."""
        self._device = device
        self._pool: Any = None

    def has_room(self) -> bool:
        """Whether SHARE_FREE of the device's memory is free, or held by torch without use."""
        import torch

        cuda: Any = torch.cuda
        free, total = cuda.mem_get_info(self._device)
        unused = cuda.memory_reserved(self._device) - cuda.memory_allocated(self._device)
        return bool(free + unused >= total * SHARE_FREE)

    def record(self, call: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """Warm up on a stream beside the current one, as torch asks, and capture."""
        import torch

        cuda: Any = torch.cuda
        if self._pool is None:
            self._pool = cuda.graph_pool_handle()
        with cuda.device(self._device):
            # What the plain call left free is of no use to another stream: it would be set aside a second time.
            cuda.empty_cache()
            current, side = cuda.current_stream(), cuda.Stream()
            side.wait_stream(current)
            with cuda.stream(side):
                call()
            current.wait_stream(side)
            # What fails leaves its pool in an unknown state: whoever records next begins another.
            pool, self._pool = self._pool, None
            graph = cuda.CUDAGraph()
            with cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                outputs = call()
            self._pool = pool
        return outputs, graph.replay


@dataclass(slots=True)
class _Input:
    """A tensor that a graph reads, at an address that stays."""

    static: Tensor
    source: Callable[[], Tensor | None]
    """What was copied into it last, if it still lives."""
    version: int

    def take(self, given: Tensor) -> bool:
        """Copy a tensor in, unless it is what is there; says whether it did."""
        if self.source() is given and self.version == given._version:
            return False
        self.static.copy_(given)
        self.source, self.version = weakref.ref(given), given._version
        return True


@dataclass(slots=True)
class _Graph:
    """A recorded call."""

    inputs: list[_Input]
    outputs: Any
    replay: Callable[[], None]
    renew: dict[int, Callable[[], None]]
    """By the number of an input: computes again what follows from it alone, where it changed."""
    place: Hashable
    """Where the weights lay when it was recorded."""

    def __call__(self, given: Sequence[Tensor]) -> Any:
        """The outputs for these inputs, as tensors of their own."""
        from torch.utils import _pytree

        tree: Any = _pytree
        for number, (own, one) in enumerate(zip(self.inputs, given, strict=True)):
            if own.take(one) and number in self.renew:
                self.renew[number]()
        self.replay()
        return tree.tree_map(_cloned, self.outputs)


class Graphed:
    """The `forward` of a module: the first call of a kind is plain, the second is recorded, the others replay it."""

    def __init__(
        self,
        module: Any,
        recorder: Recorder,
        warn: Callable[[str], None],
        *,
        keys: TextKeys | None = None,
        alike: Callable[[Tensor, Tensor], bool] | None = None,
        state: Callable[[], Hashable] = lambda: None,
    ) -> None:
        """Take the place of the `forward` that `module` has.

        Args:
            module: On one device, its weights unchanged from now on; they may be moved.
            recorder: Records it.
            warn: Tells the user, once, why it goes on plainly.
            keys: What its cross-attentions remember of a text.
            alike: Whether a replay gave what a plain call did; None: bit for bit.
            state: What else than its arguments decides a call, such as scales that were set beside it.
        """
        self._plain = module.forward
        self._weights = tuple(module.parameters())
        self._recorder = recorder
        self._warn: Callable[[str], None] | None = warn
        self._keys = keys
        self._alike = alike
        self._state = state
        self._known: OrderedDict[Hashable, _Graph | None] = OrderedDict()
        self._off = False

    def forward(self, *given: Any, **named: Any) -> Any:
        """What the module gives; plainly where gradients are wanted, or where it cannot be recorded."""
        import torch
        from torch.utils import _pytree

        if self._off or torch.is_grad_enabled():
            return self._plain(*given, **named)
        tree: Any = _pytree
        leaves, spec = tree.tree_flatten((given, named))
        tensors = [one for one in leaves if isinstance(one, torch.Tensor)]
        key = self._key(leaves, spec)
        if key is None or any(one.is_inference() for one in tensors):
            return self._plain(*given, **named)
        graph = self._known.get(key)
        if graph is not None and graph.place == self._place():
            self._known.move_to_end(key)
            return graph(tensors)
        answer = self._plain(*given, **named)
        if key in self._known and graph is None and self._recorder.has_room():
            self._try(key, leaves, spec, tensors, answer)
        else:
            self._remember(key, None)
        return answer

    def _key(self, leaves: Sequence[Any], spec: Any) -> Hashable | None:
        """What a graph is good for; None where the arguments cannot be told apart."""
        import torch

        kinds: list[Hashable] = [spec, self._state()]
        for one in leaves:
            if isinstance(one, torch.Tensor):
                if any(step == 0 and size > 1 for size, step in zip(one.shape, one.stride(), strict=True)):
                    return None  # Its elements lie on one another: nothing can be copied into such a one.
                kinds.append((one.shape, one.stride(), one.dtype, one.device))
            elif one is None or isinstance(one, bool | int | float | str):
                kinds.append((type(one), one))
            else:
                return None
        return tuple(kinds)

    def _place(self) -> Hashable:
        """Where the weights lie: a module that waited elsewhere comes back to another address."""
        return tuple([one.data_ptr() for one in self._weights[:: max(1, len(self._weights) - 1)]])

    def _remember(self, key: Hashable, graph: _Graph | None) -> None:
        self._known[key] = graph
        self._known.move_to_end(key)
        recorded = [key for key, one in self._known.items() if one is not None]
        for old in recorded[: max(0, len(recorded) - MOST_GRAPHS)]:
            del self._known[old]
        while len(self._known) > MOST_SEEN:
            self._known.popitem(last=False)

    def _try(self, key: Hashable, leaves: Sequence[Any], spec: Any, tensors: Sequence[Tensor], plain: Any) -> None:
        """Record a call, and keep it if its replay gives what the plain call gave."""
        import torch

        try:
            graph = self._recorded(leaves, spec, tensors)
            if not _same(graph(tensors), plain, self._alike or torch.equal):
                raise RuntimeError("a replay gave other numbers than a plain call")
        except torch.OutOfMemoryError as error:
            self._give_up(error)
        except RuntimeError as error:  # torch raises this for whatever cannot be captured.
            self._give_up(error)
        else:
            self._remember(key, graph)

    def _recorded(self, leaves: Sequence[Any], spec: Any, tensors: Sequence[Tensor]) -> _Graph:
        import torch
        from torch.utils import _pytree

        tree: Any = _pytree
        device = self._weights[0].device
        inputs = [_Input(_static(one, device), weakref.ref(one), one._version) for one in tensors]
        waiting = iter(inputs)
        replaced = [next(waiting).static if isinstance(one, torch.Tensor) else one for one in leaves]
        given, named = tree.tree_unflatten(replaced, spec)
        outputs, replay = self._recorder.record(lambda: self._plain(*given, **named))
        renew = {}
        for number, one in enumerate(inputs):
            again = self._keys.hold(one.static) if self._keys is not None else None
            if again is not None:
                renew[number] = again
        return _Graph(inputs, outputs, replay, renew, self._place())

    def _give_up(self, error: Exception) -> None:
        self._off = True
        self._known.clear()
        if self._warn is not None:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self._warn(f"the launches of a {type(self._plain.__self__).__name__} are not replayed: {first[:200]}")
            self._warn = None


def replay_launches(
    module: Any, device: str, context: RunContext, keys: TextKeys | None = None, *, fast: bool = False
) -> None:
    """Have a module replay its launches from now on, where it is on a CUDA device and stays there.

    Args:
        module: Of one of ROLES, which nobody else has, before anything moves its layers about.
        device: It will compute on.
        context: Of the run.
        keys: What its cross-attentions remember of a text.
        fast: It is compiled, and need not give the same bits twice.
    """
    if not device.startswith("cuda") or where_to_wait(device, context) in ("offload", "stream"):
        return
    recorder = context.pool.get(("cuda graphs", device), lambda: CudaRecorder(device))
    # Of a VAE it is the decoder that is called again and again.
    part = getattr(module, "decoder", module)

    def state() -> Hashable:
        # IP-Adapters are told their scales beside the call.
        return repr(module.__dict__.get(IP_SCALES))

    graphed = Graphed(part, recorder, context.pool.tell, keys=keys, alike=close if fast else None, state=state)
    part.forward = graphed.forward


def close(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same but for rounding."""
    import torch

    most = float(other.abs().max()) * CLOSE
    return torch.allclose(one, other, rtol=0, atol=most)


def _static(one: Tensor, device: Any) -> Tensor:
    import torch

    held = torch.empty_strided(one.shape, one.stride(), dtype=one.dtype, device=device)
    return held.copy_(one)


def _cloned(one: Any) -> Any:
    """A tensor of its own: the next replay writes over that of the graph."""
    return one.clone() if hasattr(one, "clone") else one


def _same(made: Any, plain: Any, alike: Callable[[Tensor, Tensor], bool]) -> bool:
    import torch
    from torch.utils import _pytree

    tree: Any = _pytree
    pairs = zip(tree.tree_leaves(made), tree.tree_leaves(plain), strict=True)
    return all(alike(one, other) if isinstance(one, torch.Tensor) else one == other for one, other in pairs)
