"""`latentgraph cache ...`: what is kept of earlier runs, and how to be rid of it."""

from __future__ import annotations

from typing import Annotated

import typer

from latentgraph.tui import options

HELP = """Show, trim or clear what is kept of earlier runs, so that nothing is computed twice.

Values that took time to make (embeddings, latents, pictures) are kept in a folder of yours. What was not used for \
longest is removed first. LATENTGRAPH_CACHE names another folder, or [cyan]off[/]; LATENTGRAPH_CACHE_LIMIT says how \
much is kept (4GB).
"""

commands = typer.Typer()
cache = typer.Typer(help=HELP, invoke_without_command=True)
commands.add_typer(cache, name="cache")


@cache.callback()
def show(context: typer.Context, as_json: options.AsJson = False, debug: options.Debug = False) -> None:
    """Say where it is and how much is in it; its help is HELP."""
    if context.invoked_subcommand is None:
        from latentgraph.tui.cache_command import show_cache

        show_cache(as_json=as_json)


@cache.command()
def trim(
    size: Annotated[str, typer.Argument(metavar="SIZE", help="What may be left, such as 500MB or 2GB.")],
    debug: options.Debug = False,
) -> None:
    """Remove what was not used for longest until at most SIZE is left."""
    from latentgraph.tui.cache_command import trim_cache

    trim_cache(size)


@cache.command()
def clear(debug: options.Debug = False) -> None:
    """Remove everything that is kept."""
    from latentgraph.tui.cache_command import trim_cache

    trim_cache("0")
