"""Parquet tables: the names and types of the columns."""

from pathlib import Path

from mltools.edges.tables.cells import literal
from mltools.edges.tables.engine import Engine


def read_head(engine: Engine, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns' names, as the file holds them, and the types that they are kept as.

    DuckDB's own description renames columns that differ in case alone, so the names come from the file's schema.
    """
    file = literal(str(path))
    described = engine.rows(f"DESCRIBE SELECT * FROM read_parquet({file})")
    elements = engine.rows(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({file})")
    names, inside = [], 0
    for name, children in elements[1:]:  # the first is the root
        if inside:
            inside -= 1
        else:
            names.append(str(name))
        inside += children
    return tuple(names), tuple(str(row[1]) for row in described)


def scan(path: Path, width: int) -> str:
    """A Parquet file as a relation of c0, c1, ..., in the types that it has."""
    return f"read_parquet({literal(str(path))}) AS t({', '.join(f'c{index}' for index in range(width))})"
