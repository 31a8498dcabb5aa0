"""One Parquet file of a declared table: written sorted and the same every time, read whole."""

from __future__ import annotations

import os
from functools import cache
from io import BytesIO
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from storage.folder import StorageError, explain_os_errors
from storage.frames import check_schema
from storage.schema import Table

# Fewer, larger groups compress better; DuckDB still gives each of its threads one of these.
ROWS_PER_GROUP = 131_072
COMPRESSION = "zstd"


@cache
def build_arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of the table's files; fields carry `comment` and `unit`.

    The schema itself carries the `table` and its `version`.
    """
    plain = pl.DataFrame(schema=table.schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return pa.schema(
        [
            pa.field(
                field.name,
                _shorten(field.type),
                metadata={"comment": column.meaning, "unit": column.unit},
            )
            for field, column in zip(plain, table.columns, strict=True)
        ],
        metadata={"table": table.name, "version": str(table.version)},
    )


def write_file(path: Path, table: Table, frame: pl.DataFrame) -> None:
    """Write a frame with the columns of `table.schema` and wait until it rests on the disk."""
    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(build_arrow_schema(table))
    with path.open("wb") as file:
        pq.write_table(arrow, file, compression=COMPRESSION, row_group_size=ROWS_PER_GROUP)
        file.flush()
        os.fsync(file.fileno())


def read_file(path: Path, table: Table) -> pl.DataFrame | None:
    """Read one file as a frame with `table.schema`; None where there is no such file.

    The file is opened once, so a writer that replaces it meanwhile does no harm.

    Raises:
        StorageError: the file is damaged, has other columns than its version of the table, or
            a later gouji wrote it. Columns that its version had not yet are null.
    """
    with explain_os_errors(path):
        try:
            with path.open("rb") as file:
                content = file.read()
        except FileNotFoundError:
            return None
    try:
        frame = pl.read_parquet(content)
        version = _read_version(pq.read_schema(BytesIO(content)))
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise StorageError(
            f"{path}: expected a Parquet file of table {table.name}, found damage ({error}). "
            "Run `gouji check --files`, which rebuilds it from the archive."
        ) from error
    if version > table.version:
        raise StorageError(
            f"{path}: expected version {table.version} of table {table.name} at the most, found "
            f"version {version}. A later gouji wrote it: use that one."
        )
    frame = _migrate(frame, table, version)
    check_schema(table, frame.schema, table.schema, str(path))
    return frame.select(table.schema.names())


def _read_version(schema: pa.Schema) -> int:
    """Read the version of its table under which a file was written; the first did not say so."""
    return int((schema.metadata or {}).get(b"version", b"1"))


def _migrate(frame: pl.DataFrame, table: Table, version: int) -> pl.DataFrame:
    """Bring rows of an earlier version of the table to the one declared now."""
    return frame.with_columns(
        pl.lit(None, column.dtype).alias(column.name)
        for column in table.columns
        if column.since > version and column.name not in frame.columns
    )


def is_written_as_declared(path: Path, table: Table) -> bool:
    """Tell whether there is a file whose schema and notes are those that are declared now."""
    return path.is_file() and bool(
        pq.read_schema(path).equals(build_arrow_schema(table), check_metadata=True)
    )


def _shorten(kind: pa.DataType) -> pa.DataType:
    """Replace the large types, which some BI readers do not know, by the usual ones."""
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_large_list(kind):
        # `element` is what the Parquet format calls it, so the schema reads back as written.
        return pa.list_(pa.field("element", _shorten(kind.value_type)))
    return kind
