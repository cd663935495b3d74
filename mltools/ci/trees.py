"""Values out of a forge's JSON, where nothing is certain to be there or of the right type."""

from typing import Any

from mltools.errors import ProviderError


def at(tree: Any, *path: str) -> Any:
    """What stands at a path of keys; None when anything on the way is missing."""
    for step in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(step)
    return tree


def text(tree: Any, *path: str) -> str | None:
    """The non-empty text at a path, else None."""
    found = at(tree, *path)
    return found if isinstance(found, str) and found else None


def whole(tree: Any, *path: str) -> int | None:
    """The whole number at a path, else None."""
    found = at(tree, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def need_text(tree: Any, *path: str) -> str:
    """The text at a path of an answer. Raises ProviderError when the forge left it out."""
    found = text(tree, *path)
    if found is None:
        raise ProviderError(f"the forge's answer has no {'.'.join(path)}")
    return found


def need_whole(tree: Any, *path: str) -> int:
    """The whole number at a path of an answer. Raises ProviderError when the forge left it out."""
    found = whole(tree, *path)
    if found is None:
        raise ProviderError(f"the forge's answer has no {'.'.join(path)}")
    return found
