"""latentgraph."""
