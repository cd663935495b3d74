"""Parquet: the columns of all files, and the rows as SQL, in the types that the files have."""

from collections.abc import Iterator, Sequence

from mltools.core.names import title
from mltools.edges.tables.cells import FLOATS, INTEGERS
from mltools.edges.tables.engine import Engine
from mltools.edges.tables.parts import Parts, other_columns
from mltools.edges.tables.source import refuse_doubles
from mltools.errors import DataError

Columns = tuple[tuple[str, str], ...]  # name and type of each
UNKNOWN = '"NULL"'  # as pandas writes a column of gaps alone


def read_head(engine: Engine, files: Parts) -> dict[str, str]:
    """The columns' names, as the files hold them, and the types that they are kept as.

    Raises DataError when the files have different columns, or keep one as different types.
    """
    kept_as = [str(row[1]) for row in engine.rows(f"DESCRIBE SELECT * FROM {_read(files)}")]
    tables = _tables(engine, files)
    name = files.files[0].name
    names = [column for column, _ in tables[name]]
    refuse_doubles(names, name)
    for other, columns in tables.items():
        _refuse_other(other, columns, name, tables[name])
    return dict(zip(names, kept_as, strict=True))


def scan(files: Parts, header: dict[str, str]) -> str:
    """The files as a relation of c0, c1, ..., in the types that they have; o is the offset of a row in its file."""
    columns = ", ".join(f"c{index}" for index in range(len(header)))
    return f"SELECT *, file_index AS p, file_row_number AS o FROM {_read(files)} AS t({columns})"


def _read(files: Parts) -> str:
    # Of files whose types differ without loss the widest type counts, not that of the first.
    return f"read_parquet({files.listing}, hive_partitioning = false, union_by_name = {len(files.files) > 1})"


def _tables(engine: Engine, files: Parts) -> dict[str, Columns]:
    """The columns of one file for each schema, by the file's name."""
    fields: dict[str, list[tuple[str, str, int]]] = {str(part.path): [] for part in files.files}
    for file, name, kept_as, children in engine.rows(
        f"SELECT file_name, name, duckdb_type, num_children FROM parquet_schema({files.listing})"
    ):
        fields[file].append((name, kept_as, children or 0))
    first: dict[Columns, str] = {}
    for part in files.files:
        first.setdefault(tuple(_columns(fields[str(part.path)][1:])), part.name)  # without the root
    return {name: columns for columns, name in first.items()}


def _columns(fields: Sequence[tuple[str, str, int]]) -> Iterator[tuple[str, str]]:
    """The columns in a flattened tree of fields, each followed by what is inside it."""
    inside = 0
    for name, kept_as, children in fields:
        if inside:
            inside -= 1
        else:
            yield name, kept_as
        inside += children


def _refuse_other(other: str, columns: Columns, first: str, expected: Columns) -> None:
    names, known = [name for name, _ in columns], dict(expected)
    refuse_doubles(names, other)
    if set(names) != set(known):
        raise other_columns(other, names, first, list(known))
    for name, kept_as in columns:
        if not _alike(kept_as, known[name]):
            raise DataError(
                f"{other}: column {title(name)} is kept as {kept_as}, in {first} as {known[name]}",
                hint="write all parts with one schema",
            )


def _alike(one: str, other: str) -> bool:
    """Whether one type holds the values of both without loss."""
    both = {one, other} - {UNKNOWN}
    return len(both) <= 1 or both <= INTEGERS or both <= FLOATS
