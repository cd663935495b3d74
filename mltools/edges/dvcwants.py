"""Which data objects DVC's files name: those of .dvc files, and the cached outputs in dvc.lock."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname, isabs, join, normpath

from mltools.core.pipeline import FILE, LOCK_FILE, parse_files
from mltools.core.stages import LockedFile, OutputSpec, StageSpec
from mltools.edges import documents, dvcfiles
from mltools.errors import ConfigError

SUFFIXES = (".dvc", FILE, LOCK_FILE)

MD5 = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_TEMPLATE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Want:
    """A file or directory kept outside of Git. Paths count from the repository's top.

    `source` is data that was added: no stage can make it again. `legacy` hashes are those of DVC 2, which are not the
    MD5 of the bytes.
    """

    md5: str
    path: str
    named_by: str
    source: bool = False
    legacy: bool = False

    @property
    def is_dir(self) -> bool:
        return self.md5.endswith(".dir")


def is_named(name: str) -> bool:
    """Whether a file is one of those that `wants` reads."""
    base = name.rpartition("/")[2]
    return base in {FILE, LOCK_FILE} or (base.endswith(".dvc") and base != ".dvc")


def wants(files: Mapping[str, bytes]) -> tuple[Want, ...]:
    """What the .dvc files and locks among `files` (by their path in the repository) name, each once.

    Raises ConfigError with file and line where one cannot be read.
    """
    found: dict[tuple[str, str], Want] = {}
    for name, content in files.items():
        base = name.rpartition("/")[2]
        if base == LOCK_FILE:
            named = _outputs(name, content, files.get(join(dirname(name), FILE)))
        elif base.endswith(".dvc"):
            named = _sources(name, content)
        else:
            continue
        for want in named:
            found.setdefault((want.path, want.md5), want)
    return tuple(found.values())


def listing(content: bytes, name: str) -> dict[str, str]:
    """The files of a directory object: path in the directory -> MD5. Raises ConfigError when it is malformed."""
    tree = documents.read_json(content, name)
    files: dict[str, str] = {}
    for entry in tree if isinstance(tree, list) else [None]:
        path, md5 = (entry.get("relpath"), entry.get("md5")) if isinstance(entry, dict) else (None, None)
        inside = isinstance(path, str) and _inside(path)
        if not inside or not isinstance(md5, str) or not MD5.fullmatch(md5) or md5.endswith(".dir"):
            raise ConfigError(f"{name}: not the listing of a directory")
        files[str(path)] = md5
    return files


def _outputs(name: str, content: bytes, pipeline_text: bytes | None) -> Iterator[Want]:
    """The cached outputs in a lock. What dvc.yaml no longer declares, or keeps in Git, is not among them."""
    if pipeline_text is None:
        return
    place = dirname(name)
    pipeline = dvcfiles.pipeline_from(pipeline_text, join(place, FILE))
    for entry in dvcfiles.lock_from(content, name).stages.values():
        stage = pipeline.stage(entry.name)
        if stage is None:
            continue
        for out in entry.outs:
            spec = _spec(stage, out)
            if spec is None or (spec.cache and spec.push):
                yield from _want(out, join(place, stage.place(out.path)), name, source=False)


def _sources(name: str, content: bytes) -> Iterator[Want]:
    tree = documents.read_yaml(content, name)
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}:1: expected keys and values at the top")
    where = join(dirname(name), str(tree.get("wdir") or ""))
    entries = tree.get("outs") or ()
    outs = parse_files(entries, name, documents.locator(content, name), ("outs",))
    for entry, out in zip(entries, outs, strict=True):
        if entry.get("cache") is not False and entry.get("push") is not False:
            yield from _want(out, join(where, out.path), name, source=True)


def _want(out: LockedFile, place: str, named_by: str, *, source: bool) -> Iterator[Want]:
    path = normpath(place)
    if out.md5 is None or not _inside(path):
        return  # by another hash than MD5, or outside the repository: not ours to keep
    if not MD5.fullmatch(out.md5):
        raise ConfigError(f"{named_by}: {out.path}: {out.md5!r} is no MD5")
    yield Want(out.md5, path, named_by, source=source, legacy=out.hash != "md5")


def _spec(stage: StageSpec, out: LockedFile) -> OutputSpec | None:
    """How dvc.yaml declares an output, also where it names it by a template."""
    for spec in stage.outs:
        if stage.place(spec.path) == stage.place(out.path):
            return spec
    for spec in stage.outs:
        pattern = "[^/]*".join(re.escape(part) for part in _TEMPLATE.split(spec.path))
        if "${" in spec.path and re.fullmatch(pattern, out.path):
            return spec
    return None


def _inside(path: str) -> bool:
    """Whether a path stays where it is put, and out of Git's own files."""
    parts = path.split("/")
    return (
        bool(path)
        and not isabs(path)
        and "\0" not in path
        and "\\" not in path
        and "://" not in path
        and not any(part in {"", ".."} or part.lower() == ".git" for part in parts)
    )
