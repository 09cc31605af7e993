"""What can go wrong between here and the hub, each as a sentence and what to do."""

from __future__ import annotations

import errno

from latentgraph.graph.access import AccessError

OFFLINE_HINT = "unset HF_HUB_OFFLINE to allow the download, or take a local model: ./folder or builtin:NAME"


def offline_error(shown: str) -> AccessError:
    """The user forbade the network, and the model is not here."""
    return AccessError(f"{shown!r} is not on this machine, and HF_HUB_OFFLINE forbids to download it", OFFLINE_HINT)


def hub_error(error: Exception, name: str, revision: str) -> AccessError:
    """What an exception of huggingface_hub means for the user.

    Args:
        error: As it came.
        name: `owner/name`.
        revision: As the user wrote it; empty: the main branch.
    """
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{name}"
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if isinstance(error, errors.GatedRepoError):
        return AccessError(
            f"{name!r} is gated: its owners want you to accept their terms first",
            f"accept them at {page}, then set HF_TOKEN to a token of that account",
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return AccessError(
            f"{name!r} has no revision {revision!r}", f"its branches and tags are listed at {page}/tree/main"
        )
    if status == 401 and _has_token():
        return AccessError(
            f"the hub at {constants.ENDPOINT} refuses your token, or knows no {name!r}",
            f"make a token at {constants.ENDPOINT}/settings/tokens and set HF_TOKEN, or unset it; look at the spelling",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return AccessError(
            f"the hub at {constants.ENDPOINT} knows no {name!r}, or it is private",
            f"look at the spelling; a local folder is written './{name}'; for a private model set HF_TOKEN",
        )
    if status in (401, 403):
        return AccessError(
            f"the hub at {constants.ENDPOINT} does not let you read {name!r}",
            "set HF_TOKEN to a token that may read it",
        )
    if status:
        return AccessError(f"the hub at {constants.ENDPOINT} answers with status {status}", "try again later")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AccessError(
            f"there is no room left for {name!r} in {constants.HF_HUB_CACHE}",
            "make room, or set HF_HOME to a folder on a larger disk",
        )
    if isinstance(error, PermissionError):
        return AccessError(f"{constants.HF_HUB_CACHE} cannot be written", "set HF_HOME to a folder that can")
    return AccessError(
        f"the hub at {constants.ENDPOINT} cannot be reached",
        "look at the network, or take a local model: ./folder or builtin:NAME; HF_ENDPOINT names another hub",
    )


def _has_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None
