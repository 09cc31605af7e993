"""A format of another program, as a package of nodes would offer it: a line a node, `name: words`."""

from __future__ import annotations

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import ForeignFormat, Imported, ImportOptions, Untranslated
from latentgraph.graph.node import node
from latentgraph.graph.problem import Problem
from latentgraph.graph.workflow import Node, Workflow, WorkflowOutput

HEAD = b"RECIPE\n"


@node(category="kitchen")
def stir(words: str) -> str:
    """Stir.

    Args:
        words: What to stir.
    """
    return words


def _reads(raw: bytes, name: str) -> bool:
    return raw.startswith(HEAD)


def _translate(raw: bytes, name: str, options: ImportOptions) -> Imported:
    nodes, missing = {}, []
    for line in raw.decode().splitlines()[1:]:
        key, colon, words = line.partition(": ")
        if not colon:
            raise WorkflowError([Problem("E007", f"no recipe has a line '{line}'", "write 'name: words'", file=name)])
        if words == "bake":
            missing.append(Untranslated(f"line '{line}'", "oven", "there is no oven", "stir it"))
            nodes[key] = Node(type="recipe.oven", disabled="mute")
        else:
            nodes[key] = Node(type="stir", inputs={"words": words})
    outputs = {"dish": WorkflowOutput.model_validate({"from": f"{next(iter(nodes))}.value"})}
    workflow = Workflow(latentgraph=1, nodes=nodes, outputs=outputs)
    return Imported(workflow, tuple(missing), (f"lies in {options.folder.name}",))


RECIPE = ForeignFormat("recipe", "Recipes", _reads, _translate)
