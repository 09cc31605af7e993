"""Changing a workflow: edits with an inverse, and the operations that make them."""
