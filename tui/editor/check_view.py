"""Checking while one edits: what is wrong marks its box and its field, and stands in a list to go through."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.timer import Timer

from latentgraph.graph.boxes import OUTPUTS
from latentgraph.graph.document import Document
from latentgraph.graph.problem import Problem
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.canvas.messages import ModeChanged
from latentgraph.tui.editor.graph_view import GraphView
from latentgraph.tui.editor.session import Session

if TYPE_CHECKING:
    from latentgraph.tui.editor.dialogs.problems import ProblemList

CHECK_SECONDS = 0.15
"""How long after the last edit the workflow is checked."""


class CheckView(GraphView):
    """The part of the main screen that says what is wrong."""

    _check_timer: Timer | None = None
    _marks_changed = False

    def check_soon(self) -> None:
        """Check what is shown, when nothing was changed for a moment."""
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(CHECK_SECONDS, self._check)

    def _check(self) -> None:
        if self.canvas.sheet is None:
            # A large graph is being laid out in a thread; to check beside it would only make both late.
            self.check_soon()
            return
        session = self.session
        work = partial(self._check_in_thread, session, session.document)
        self.run_worker(work, thread=True, exclusive=True, group="check", exit_on_error=False)

    def _check_in_thread(self, session: Session, document: Document) -> None:
        try:
            problems = self._problems_of(document)
        except Exception as error:
            # The check asks packages of nodes, which may raise anything.
            self.app.call_from_thread(self._cannot_check, error)
        else:
            self.app.call_from_thread(self._checked, session, document.workflow, problems)

    def _cannot_check(self, error: Exception) -> None:
        self.tell(f"The workflow cannot be checked: {type(error).__name__}: {error}", "error")

    def _problems_of(self, document: Document) -> tuple[Problem, ...]:
        # Imported when first needed, which is after the first frame: it sorts by networkx.
        from latentgraph.graph.check import check

        workflow = document.workflow
        if not (workflow.nodes or workflow.inputs or workflow.outputs):
            return ()  # whoever begins with nothing has done nothing wrong
        access = document.access(self.request.allow_read)
        return check(document, self.registry, access=access).problems

    def _checked(self, session: Session, workflow: Workflow, problems: tuple[Problem, ...]) -> None:
        if session.workflow is not workflow:
            return  # edited meanwhile: the next check is on its way
        changed = problems != session.problems
        session.problems, session.checked = problems, workflow
        if session is not self.session:
            return
        self._marks_changed = self._marks_changed or changed
        self._show_marks()
        self.show_top()
        self._show_problems()

    @on(ModeChanged)
    def _show_marks(self) -> None:
        """Mark what is wrong; not while somebody types the label of a port, which would be gone then."""
        if self._marks_changed and not self.canvas.mode:
            self._marks_changed = False
            self.show_graph()
            self.show_subject()

    def _show_problems(self) -> None:
        problems = [one for one in self.session.problems if one.severity != "note"]
        self.sidebar.problems.show(problems)
        self.sidebar.problems.display = bool(problems)

    def on_problem_list_chosen(self, event: ProblemList.Chosen) -> None:
        """Go where a problem is."""
        self.go_to_problem(event.problem)

    def action_next_problem(self) -> None:
        """Go to the next problem and its field."""
        problem = self.sidebar.problems.go_on() if self.sidebar.problems.problems else None
        if problem is None:
            self.tell("Nothing is wrong.")
        else:
            self.go_to_problem(problem)

    def action_fix_problem(self) -> None:
        """Do what the hint of the current problem says."""
        problem = self.sidebar.problems.current
        if problem is None:
            self.tell("Nothing is wrong.")
        else:
            self.sidebar.problems.action_fix()

    def go_to_problem(self, problem: Problem) -> None:
        """Show the box and the field that a problem is about."""
        self.sidebar.problems.come_to(problem)
        parts = problem.node.split("/")
        # What is wrong inside a sub-workflow is shown at its box: only loops are parts of the file.
        depth = max(count for count in range(len(parts)) if self._is_there(tuple(parts[:count])))
        scope, name = tuple(parts[:depth]), parts[depth]
        if scope != self.scope:
            self.go_to_scope(scope)
            self.show_place()
        key = OUTPUTS if name == "outputs" and not scope else name
        if key in self.canvas.scene.boxes:
            self.canvas.go_to(key)
            self.show_subject()
            if problem.port and depth == len(parts) - 1:
                self._go_to_field(problem.port)

    @work(exclusive=True, group="problem")
    async def _go_to_field(self, port: str) -> None:
        await self.go_to_subject(port)

    def ready_to_run(self) -> bool:
        """Whether nothing is wrong; else go to what is."""
        self.finish_typing()
        if faulty := self.sidebar.inspector.faulty:
            first = faulty[0]
            self.tell(f"{first.key}.{first.port}: {first.sentence}", "warning")
            return False
        session = self.places[0].session
        if not session.workflow.nodes:
            self.tell("There is nothing to run yet: a adds a node.", "warning")
            return False
        if session.checked is not session.workflow:
            try:
                session.problems = self._problems_of(session.document)
            except Exception as error:
                self._cannot_check(error)
                return False
            session.checked = session.workflow
            self.show_graph()
            self._show_problems()
        if not session.errors:
            return True
        count = len(session.errors)
        self.tell(f"{count} problem{'' if count == 1 else 's'} first: F8 goes from one to the next.", "warning")
        if session is self.session:
            self.go_to_problem(session.errors[0])
        return False
