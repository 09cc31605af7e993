"""The canvas: boxes and wires laid out, painted, moved and linked."""
