"""Parquet: the columns of all files, and the rows as SQL, in the types that the files have."""

from collections.abc import Iterator, Mapping, Sequence

from mltools.core.names import title
from mltools.edges.tables.cells import FLOATS, INTEGERS, literal
from mltools.edges.tables.engine import Engine
from mltools.edges.tables.parts import Parts, other_columns
from mltools.edges.tables.source import refuse_doubles
from mltools.errors import DataError

Columns = tuple[tuple[str, str], ...]  # name and type of each
EXACT = 1 << 53  # up to here a double holds every whole number
UNKNOWN = '"NULL"'  # as pandas writes a column of gaps alone


def read_head(engine: Engine, files: Parts) -> dict[str, str]:
    """The columns' names, as the files hold them, and the types that they are kept as.

    Raises DataError when the files have different columns, or keep one as different types.
    """
    tables = _tables(engine, files)
    name = files.files[0].name
    names = [column for column, _ in tables[name]]
    refuse_doubles(names, name)
    for other, columns in tables.items():
        inside = [column for column, _ in columns]
        refuse_doubles(inside, other)
        if set(inside) != set(names):
            raise other_columns(other, inside, name, names)
    if len(files.files) > 1:
        _refuse_clash(names, name)
    for column in names:
        _refuse_mixed(engine, files, tables, column)
    kept_as = [str(row[1]) for row in engine.rows(f"DESCRIBE SELECT * FROM {_read(files)}")]
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


def _refuse_clash(names: Sequence[str], file: str) -> None:
    """DuckDB matches the columns of several files by name, and its names know no case."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.lower(), name)
        if other != name:
            raise DataError(
                f"{file}: columns {title(other)} and {title(name)} differ in case alone",
                hint="rename one, or keep the data set in one file",
            )


def _refuse_mixed(engine: Engine, files: Parts, tables: Mapping[str, Columns], column: str) -> None:
    """Raise DataError when no type holds the values of all files without loss."""
    kept_as: dict[str, str] = {}
    for name, columns in tables.items():
        kept_as.setdefault(dict(columns)[column], name)
    kinds = kept_as.keys() - {UNKNOWN}
    if len(kinds) <= 1 or kinds <= INTEGERS or kinds <= FLOATS:
        return
    # pandas keeps whole numbers as floats in those files only where a value is missing.
    if kinds <= INTEGERS | FLOATS and _fit_floats(engine, files, column):
        return
    (one, first), (other, second) = [item for item in kept_as.items() if item[0] != UNKNOWN][:2]
    raise DataError(
        f"{second}: column {title(column)} is kept as {other}, in {first} as {one}",
        hint="write all parts with one schema",
    )


def _fit_floats(engine: Engine, files: Parts, column: str) -> bool:
    """Whether all whole numbers are exact as floats, by the bounds that the files state for each of their stretches."""
    within = " AND ".join(f"abs(TRY_CAST(stats_{end}_value AS HUGEINT)) <= {EXACT}" for end in ("min", "max"))
    (found,) = engine.row(
        f"SELECT bool_and(coalesce({within}, num_values = coalesce(stats_null_count, 0))) "
        f"FROM parquet_metadata({files.listing}) "
        f"WHERE path_in_schema = {literal(column)} AND type IN ('INT32', 'INT64')"
    )
    return bool(found)
