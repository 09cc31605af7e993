"""From the name of a model to its parts: what is where, what may be read, and how a module comes to life.

`references` says what a name means, `model_folder` and `single_file` what lies there, `hub` what could, `weights` what
is in a file of weights without reading one, `parts` makes handles of it all, and `sources` the modules behind them.
"""
