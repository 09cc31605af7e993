"""Where the boxes and the wires of a graph lie on the canvas: the two questions that it asks."""

from collections.abc import Mapping, Sequence

from latentgraph.tui.editor.canvas.columns import arrange_freely
from latentgraph.tui.editor.canvas.geometry import Arrangement, Position, Shape, Wire
from latentgraph.tui.editor.canvas.moving import rerouted
from latentgraph.tui.editor.canvas.nets import nets_of
from latentgraph.tui.editor.canvas.pinning import make_way
from latentgraph.tui.editor.canvas.ways import QUICK


def arrange(
    shapes: Mapping[str, Shape], wires: Sequence[Wire], pinned: Mapping[str, Position] | None = None
) -> Arrangement:
    """Lay a graph out from the left to the right.

    Equal arguments in equal order give equal arrangements, in every process. Wires of ports that no shape has are left
    out. Cells are counted from (0, 0); only a wire of a box that is pinned right at the edge may lie beyond it.

    Args:
        pinned: Positions of boxes that somebody put there. The others are laid out as if nothing was pinned, so that
            one drag leaves them where they are, and make way for the pinned ones.
    """
    free = arrange_freely(shapes, wires)
    kept = {key: place for key, place in (pinned or {}).items() if key in shapes}
    if not kept:
        return free
    places = make_way(shapes, nets_of(shapes, wires), free.positions, kept)
    return rerouted(free, shapes, wires, places)


def move(
    arrangement: Arrangement, shapes: Mapping[str, Shape], wires: Sequence[Wire], positions: Mapping[str, Position]
) -> Arrangement:
    """Put some boxes elsewhere, as in a drag: only wires that they have or cover are routed anew, around the boxes."""
    return rerouted(arrangement, shapes, wires, positions, QUICK)
