"""Editing a workflow: every change a small value that knows its inverse.

An operation is a function that takes a `Graph` (the workflow's data, the signatures of its boxes, and the scope where
something is to be done) and what it needs beside, and returns an `Edit`. It changes nothing. A `History` does the edit.

    graph = Graph(history.data, Signatures(history.workflow, registry, file), scope=("denoise",))
    history.do(rename(graph, "step", "turn"))

Boxes are called by their keys and ports by ends, `("step", "latents")`, see `graph.boxes`, in the scope of the graph.
What cannot be done raises EditError, whose text is a sentence for the user. `Edit.scope` says where something happened
and `Edit.boxes` what to select then: what was added or pasted, under the names that it got. An edit without `changes`
does nothing, and a history ignores it.

    nodes       add_node(graph, type, name="", *, inputs={}, file="", source=None, target=None, position=None)
                add_loop(graph, name="", *, position=None)
                rename(graph, old, new)
                retype(graph, name, type)
                set_file(graph, name, file)
                disable(graph, names, "mute" | "bypass" | None)
                describe(graph, name, text)
    delete      delete(graph, names, *, rewire=True)
    values      set_value(graph, node, port, value)             merges while the same field is set
                unset_value(graph, node, port)                  takes a link away, too
    links       add_after(graph, type, box)                     linked to what the box gives
                connect(graph, source, target)                  to and from growing ports, too
                disconnect(graph, target)
                insert_on(graph, target, type, *, position=None)
                insert_between(graph, source, target, types, *, position=None)
    fitting     fits(graph, source, target) -> bool             by types, with growing ports
                fitting(graph, end, *, output) -> set[End]      targets for an output, sources for an input
                fitting_types(graph, *, source=None, target=None) -> list[str]
    placing     move(graph, {name: (column, row)})              merges while the same are moved
                unpin(graph, names=None)                        all of the scope where None
                group(graph, names, title="group")
                ungroup(graph, names)
                rename_group(graph, old, new)
    clipboard   copy(graph, names) -> str
                paste(graph, text, *, keep_links=False, shift=(4, 2))
                duplicate(graph, names, *, keep_links=True)
    interface   declare_input(graph, name, type, **parts)       parts: default, minimum, choices, description...
                set_input(graph, name, **parts)                 also `type`; ABSENT takes a part away; merges
                rename_input(graph, old, new)
                remove_input(graph, name)                       who read it keeps its default as a value
                expose(graph, node, port, name="")              from inside loops, too
                rename_output(graph, old, new)
                remove_output(graph, name)
                describe_output(graph, name, text)
    loops       rename_entry(graph, loop, kind, old, new)       kind: each, carry, inputs, collect
                remove_entry(graph, loop, kind, name)
                entry_kind(graph, loop, name, *, output) -> kind | None
    extract     extract(graph, names, file, name="") -> Extracted    some nodes as a file of their own
    inline      inline(graph, name, part)                       and back
    whole       describe_workflow(graph, text)
                take_values(graph, values)                      the values of a run become the defaults
                replaced(data, workflow, label)                 another version of all of it
    fixes       fix(graph, problem) -> Edit | None              what the problem suggests, done
"""
