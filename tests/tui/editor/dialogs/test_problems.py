"""The list of what is wrong: going to a problem, and mending it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Button

from latentgraph.graph.problem import Problem
from latentgraph.tui.editor.dialogs.problems import ProblemList

LOOSE = Problem("W201", "nothing uses it", node="loose")
TYPES = Problem(
    "E107", "takes Conditioning, 'tokens.tokens' gives Tokens", "put `encode` between", "guidance", "positive"
)
WIDTH = Problem("E104", "[65] is not a multiple of 8", "write 64", "start", "width")


class Listing(App[None]):
    """The list, and what it posted."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.listed = ProblemList(problems)
        self.posted: list[ProblemList.Chosen | ProblemList.FixWanted] = []

    def compose(self) -> ComposeResult:
        yield self.listed
        yield Button("elsewhere")

    def on_problem_list_chosen(self, event: ProblemList.Chosen) -> None:
        self.posted.append(event)

    def on_problem_list_fix_wanted(self, event: ProblemList.FixWanted) -> None:
        self.posted.append(event)


def _lines(app: Listing) -> list[str]:
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


async def test_errors_come_first_each_with_a_sign_its_place_and_its_hint() -> None:
    app = Listing(LOOSE, TYPES, WIDTH)
    async with app.run_test(size=(100, 12)):
        assert _lines(app)[:3] == [
            "✗ guidance.positive takes Conditioning, 'tokens.tokens' gives Tokens; put `encode` between",
            "✗ start.width [65] is not a multiple of 8; write 64",
            "? loose nothing uses it",
        ]


async def test_enter_goes_to_the_problem_and_f_wants_it_mended() -> None:
    app = Listing(LOOSE, TYPES)
    async with app.run_test() as pilot:
        await pilot.press("enter", "down", "f")
        await pilot.pause()
        first, second = app.posted
        assert isinstance(first, ProblemList.Chosen)
        assert first.problem == TYPES
        assert isinstance(second, ProblemList.FixWanted)
        assert second.problem == LOOSE


async def test_a_click_goes_to_the_problem() -> None:
    app = Listing(TYPES, LOOSE)
    async with app.run_test(size=(100, 12)) as pilot:
        await pilot.click(offset=(4, 1))
        await pilot.pause()
        assert [event.problem for event in app.posted] == [LOOSE]


async def test_the_cursor_stays_on_its_problem_while_others_come_and_go() -> None:
    app = Listing(TYPES, LOOSE)
    async with app.run_test() as pilot:
        await pilot.press("down")
        app.listed.show([WIDTH, TYPES, LOOSE])
        assert app.listed.current == LOOSE
        app.listed.show([WIDTH])
        assert app.listed.current == WIDTH
        app.listed.show([])
        assert app.listed.current is None
        await pilot.press("enter", "f")
        assert app.posted == []


async def test_one_after_the_other_round_and_round() -> None:
    app = Listing(TYPES, LOOSE)
    async with app.run_test():
        assert [app.listed.go_on() for _ in range(3)] == [TYPES, LOOSE, TYPES]
        app.listed.come_to(LOOSE)
        assert app.listed.go_on() == TYPES
        app.listed.show([])
        assert app.listed.go_on() is None
