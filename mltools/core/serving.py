"""What a service is handed of a release: the words of its `version.json`, rows to try it with, and the `serve` policy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from mltools.core.release_record import ReleaseRecord
from mltools.core.release_terms import Terms
from mltools.core.strict import Section
from mltools.core.tags import Reference

SCHEMA = 1
# Types beyond skops' own list that were looked at: they hold numbers, and run nothing when they are loaded.
REVIEWED = (
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)

# Where `mltools serve` keeps what it is not told a place for, below Git's own directory.
LOCAL = "mltools/serving"


def local_place(model: str) -> str:
    """The directory of a model there; the `log` lies in it, of whatever serves."""
    return f"{LOCAL}/{_step(model)}"


def local_models(wanted: Reference) -> str:
    """The models directory of what is served: one for each stage and version, so that they serve beside each other."""
    if wanted.stage is not None:
        which = f"stages/{_step(wanted.stage)}"
    else:
        which = f"versions/{_step(wanted.version)}" if wanted.version is not None else "latest"
    return f"{local_place(wanted.model)}/{which}"


def _step(name: str) -> str:
    """A name as one step of a path."""
    return name.replace("/", "%2F").replace(":", "%3A")


class Serve(Section):
    """How released models are served. Read from the release's own commit."""

    types: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$", max_length=300)], ...],
        Field(
            max_length=200,
            description="types that the model's file may hold beyond those that skops and mltools trust; look at what "
            "they do before they stand here",
        ),
    ] = ()
    smoke: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=500,
            description='JSON file in Git, `{"rows": [...], "expected": [...]}`, that a version must answer before it '
            "serves, as expected where that is said; rows made from the contract when absent",
        ),
    ] = None
    sensitive: Annotated[
        Literal["drop", "hash"],
        Field(description="what the request log keeps of sensitive columns: nothing, or a keyed hash"),
    ] = "drop"


def version_tree(
    record: ReleaseRecord,
    policy: Serve,
    *,
    model: str,
    smoke: Mapping[str, Any] | None,
    checks: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The `version.json` of a release under the model's full name; `checks` are its conditions between columns."""
    taken: dict[str, dict[str, Any]] = {}
    answered: dict[str, dict[str, Any]] = {}
    other: list[str] = []
    missing: list[str] = []
    for contract in record.contracts:
        for found, columns in ((taken, contract.input), (answered, contract.output)):
            for column in columns:
                found.setdefault(str(column.get("name")), _words(column))
        other += [str(column.get("name")) for column in contract.other]
        missing += contract.rules.get("missing_values", ("",))
    rows = smoke if smoke is not None else {"rows": smoke_rows(taken)}
    return {
        "schema": SCHEMA,
        "model": model,
        "version": plain(record.version),
        "file": record.file.path.rpartition("/")[2],
        "sha256": record.file.sha256,
        "md5": record.file.md5,
        "size": record.file.size,
        "commit": record.commit,
        "run": record.run,
        "types": sorted({*REVIEWED, *policy.types}),
        "input": taken,
        "output": answered,
        "checks": list(checks),
        "other": sorted(set(other) - set(taken)),
        "missing_values": sorted(set(missing or [""])),
        "sensitive": policy.sensitive,
        "smoke": list(rows.get("rows", ())),
        **({"expected": list(rows["expected"])} if "expected" in rows else {}),
    }


def plain(version: str) -> str:
    """A version as the service names it: 1.2.0."""
    return version.removeprefix("v")


def smoke_rows(columns: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row within the contract's bounds, made up; none where a column's values cannot be made up."""
    row: dict[str, Any] = {}
    for name, words in columns.items():
        value = _typical(words)
        if value is None and words.get("required"):
            return []
        row[name] = value
    return [row] if row else []


def _words(column: Terms) -> dict[str, Any]:
    return {word: value for word, value in column.items() if word != "name"}


def _typical(words: Mapping[str, Any]) -> Any:
    """A value that keeps a column's rules; None where none can be made up."""
    allowed: Iterable[Any] = words.get("enum") or ()
    for value in allowed:
        return value
    low, high = words.get("minimum"), words.get("maximum")
    match words.get("type"):
        case "number" | "integer" as kind:
            value = _between(low, high)
            return int(value) if kind == "integer" else value
        case "boolean":
            return True
        case "date":
            return low or high or "2026-01-31"
        case "datetime":
            return low or high or "2026-01-31T12:00:00Z"
        case "string" | "category":
            if words.get("pattern") is not None:
                return None
            return "x" * max(1, words.get("min_length") or 1)
    return None


def _between(low: Any, high: Any) -> float:
    if low is not None and high is not None:
        return float(low / 2 + high / 2)
    if low is not None:
        return float(low) + 1 if low >= 0 else 0.0
    return 0.0 if high is None or high >= 0 else float(high)
