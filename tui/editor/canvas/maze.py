"""A way for the wires that have no simple one: a search over cells (A*, with the number of bends in the cost).

It always ends with a way. Where boxes lie so close that there is none, it shares cells with another wire, and goes
under a box at last: a wire that is hard to follow is better than one that is not there.
"""

from heapq import heappop, heappush

from latentgraph.tui.editor.canvas.geometry import Position
from latentgraph.tui.editor.canvas.ground import Ground
from latentgraph.tui.editor.canvas.ways import BESIDE, BEND, CROSSING, Own

TAKEN = 300
"""What a cell costs that is not free."""
PATIENCE = 60_000
"""States after which the way is drawn straight through whatever lies there."""
STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))
State = tuple[int, int, bool]
"""A cell of the window, and whether the wire lies level there."""


def find_through(ground: Ground, own: Own, start: Position, end: Position) -> tuple[list[Position], bool]:
    """The corners of the cheapest way, and whether it keeps to free cells."""
    sx, sy, tx, ty = start[0] - ground.left, start[1] - ground.top, end[0] - ground.left, end[1] - ground.top
    origin, goal = (sx, sy, True), (tx, ty, True)
    costs: dict[State, int] = {origin: 0}
    came: dict[State, State] = {}
    heap: list[tuple[int, State]] = [(0, origin)]
    seen: set[State] = set()
    while heap and len(seen) < PATIENCE:
        _, state = heappop(heap)
        if state == goal:
            cells = _trace(came, goal)
            return [(x + ground.left, y + ground.top) for x, y in cells], costs[goal] < TAKEN
        if state in seen:
            continue
        seen.add(state)
        for after, cost in _steps(ground, own, state):
            total = costs[state] + cost
            if total < costs.get(after, total + 1):
                costs[after], came[after] = total, state
                heappush(heap, (total + abs(after[0] - tx) + abs(after[1] - ty), after))
    middle = (start[0] + end[0]) // 2
    return [start, (middle, start[1]), (middle, end[1]), end], False


def _steps(ground: Ground, own: Own, state: State) -> list[tuple[State, int]]:
    """The states next to one, with what it costs to go there: a step on, or a turn where one stands."""
    x, y, is_level = state
    cost = BEND
    if (ground.level[y] >> x | ground.upright[x] >> y) & 1:
        cost += TAKEN
    found: list[tuple[State, int]] = [((x, y, not is_level), cost)]
    for dx, dy in STEPS[:2] if is_level else STEPS[2:]:
        u, v = x + dx, y + dy
        if 0 <= u < len(ground.upright) and 0 <= v < len(ground.level):
            found.append(((u, v, is_level), _cost(ground, own, u, v, is_level)))
    return found


def _cost(ground: Ground, own: Own, x: int, y: int, is_level: bool) -> int:
    level, upright = ground.level[y] >> x & 1, ground.upright[x] >> y & 1
    mine = own.level.get(y, 0) >> x if is_level else own.upright.get(x, 0) >> y
    if mine & 1:
        return 0
    if level if is_level else upright:
        return TAKEN
    beside = ground.beside_rows[y] >> x if is_level else ground.beside_columns[x] >> y
    return 1 + (CROSSING if (upright if is_level else level) else 0) + BESIDE * (beside & 1)


def _trace(came: dict[State, State], state: State) -> list[Position]:
    cells = [state[:2]]
    while state in came:
        state = came[state]
        cells.append(state[:2])
    return cells[::-1]
