"""Which stage needs which: those whose outputs it reads, by what dvc.lock holds after a run."""

from mltools.core.doubts import parents
from mltools.core.stages import Lock, Pipeline


def needs(pipeline: Pipeline, lock: Lock) -> dict[str, tuple[str, ...]]:
    """The stages that each stage of the lock needs: they make what it reads, a directory above it, or files below it."""
    makers: dict[str, str] = {}
    inside: dict[str, dict[str, None]] = {}
    for name, place in _places(pipeline, lock, outputs=True):
        makers[place] = name
        for above in parents(place):
            inside.setdefault(above, {})[name] = None
    found: dict[str, dict[str, None]] = {name: {} for name in lock.stages}
    for name, place in _places(pipeline, lock, outputs=False):
        near = [makers[path] for path in (place, *parents(place)) if path in makers]
        found[name] |= dict.fromkeys([*near, *inside.get(place, ())])
    return {name: tuple(other for other in needed if other != name) for name, needed in found.items()}


def _places(pipeline: Pipeline, lock: Lock, *, outputs: bool) -> list[tuple[str, str]]:
    """Each stage with each path that it writes or reads, from the project directory."""
    found = []
    for entry in lock.stages.values():
        stage = pipeline.stage(entry.name)
        if stage is None:
            continue
        read = [*(dep.path for dep in entry.deps), *entry.params]
        paths = [out.path for out in entry.outs] if outputs else read
        found += [(entry.name, stage.place(path)) for path in paths]
    return found
