"""The engine: what a typed graph is, and how it is checked, planned and run.

Knows nothing of torch, of Stable Diffusion or of terminals.
"""
