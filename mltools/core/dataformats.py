"""What the name of a data file says about its content, and which files of a directory are none."""

from dataclasses import dataclass
from typing import Literal

DELIMITERS = {"csv": ",", "tsv": "\t"}
LINES = frozenset({"jsonl", "ndjson"})
KNOWN = ".csv, .tsv, .jsonl, .ndjson (each also .gz) and .parquet"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the name of a file says about its content."""

    format: Literal["csv", "jsonlines", "parquet"]
    delimiter: str = ","
    gzipped: bool = False


def kind_of(name: str) -> Kind | None:
    """What a file is by the end of its name, in whatever case; None when that tells nothing."""
    stem, _, last = name.lower().rpartition(".")
    gzipped = last == "gz"
    if gzipped:
        stem, _, last = stem.rpartition(".")
    if not stem.rpartition("/")[2]:  # `.csv` is a hidden file without an ending
        return None
    if last in DELIMITERS:
        return Kind("csv", DELIMITERS[last], gzipped)
    if last in LINES:
        return Kind("jsonlines", "", gzipped)
    return Kind("parquet") if last == "parquet" and not gzipped else None


def is_passed_over(relative: str) -> bool:
    """Whether a file below a directory of parts is none: `_SUCCESS`, `.part-0000.crc`, as Spark and pyarrow have it."""
    return any(step.startswith((".", "_")) for step in relative.split("/"))
