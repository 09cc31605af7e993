"""Strands as pairs of pins: what ordering and placement try to bring level."""

from dataclasses import dataclass

from latentgraph.tui.editor.canvas.layers import Layers, Pin

# A long wire should be straight before a short one is: the eye follows it for longer.
BOX_TO_BOX, BOX_TO_PASS, PASS_TO_PASS = 3, 1, 3


@dataclass(frozen=True, slots=True)
class Joint:
    """Two pins that one net joins; `left` and `right` are of neighbouring layers, or of one layer."""

    left: Pin
    right: Pin
    weight: int


def joints_of(layers: Layers) -> tuple[list[list[Joint]], list[Joint]]:
    """The joints across each channel, and those between items of one layer (where a wire turns round)."""
    across: list[list[Joint]] = []
    beside: list[Joint] = []
    for strands in layers.channels:
        channel: list[Joint] = []
        for strand in strands.values():
            if strand.left:
                hub = strand.left[0]
                channel += [_joint(layers, hub, pin) for pin in strand.right]
                beside += [_joint(layers, hub, pin) for pin in strand.left[1:]]
            else:
                hub = next(pin for pin in strand.right if not layers.keys[pin[0]])
                beside += [_joint(layers, hub, pin) for pin in strand.right if pin != hub]
        across.append(channel)
    return across, beside


def _joint(layers: Layers, left: Pin, right: Pin) -> Joint:
    passes = (not layers.keys[left[0]]) + (not layers.keys[right[0]])
    return Joint(left, right, (BOX_TO_BOX, BOX_TO_PASS, PASS_TO_PASS)[passes])
