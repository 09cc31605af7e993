"""Workflows in Python: inside `with workflow() as flow:` a call of a node is a node of the workflow.

    from latentgraph import nodes
    from latentgraph.graph.python import workflow

    with workflow(description="A prompt, cut into tokens.") as flow:
        prompt = flow.string("prompt", "a red circle")
        model = nodes.load_model()
        tokens = nodes.tokenize(model.tokenizer, prompt)
        flow.output("tokens", tokens)
    flow.save("tokens.json")
    print(flow.run({"prompt": "a star"}).result().values["tokens"])

What a call returns is typed as what it will be, so that an editor completes ports and a type checker refuses a wrong
link; until the workflow runs it is a placeholder. A node is called as the variable that its call is assigned to;
`named` says another name. Loops are in `latentgraph.graph.python.loop`. In a notebook a workflow shows its graph, and
a run how far it is: as the last line of a cell, or by `for event in watch(flow.run()):`.
"""

from latentgraph.graph.python.display import watch
from latentgraph.graph.python.flow import Flow, workflow
from latentgraph.graph.python.loop import Carry, Loop
from latentgraph.graph.python.outputs import Outputs
from latentgraph.graph.python.wrappers import named, subworkflow

__all__ = ["Carry", "Flow", "Loop", "Outputs", "named", "subworkflow", "watch", "workflow"]
