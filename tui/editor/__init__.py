"""The terminal editor: the graph on a canvas, a form for what is selected, and runs in a process of their own."""
