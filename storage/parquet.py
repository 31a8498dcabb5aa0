"""One Parquet file of a declared table: written sorted and the same every time, read whole."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from storage.folder import StorageError, explain_os_errors
from storage.frames import check_schema
from storage.schema import Table

# Fewer, larger groups compress better; DuckDB still gives each of its threads one of these.
_ROWS_PER_GROUP = 131_072


@cache
def build_arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of the table's files; fields carry `comment` and `unit`."""
    plain = pl.DataFrame(schema=table.schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return pa.schema(
        pa.field(
            field.name,
            _shorten(field.type),
            metadata={"comment": column.meaning, "unit": column.unit},
        )
        for field, column in zip(plain, table.columns, strict=True)
    )


def write_file(path: Path, table: Table, frame: pl.DataFrame) -> None:
    """Write a frame with the columns of `table.schema` and wait until it rests on the disk."""
    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(build_arrow_schema(table))
    with path.open("wb") as file:
        pq.write_table(arrow, file, compression="zstd", row_group_size=_ROWS_PER_GROUP)
        file.flush()
        os.fsync(file.fileno())


def read_file(path: Path, table: Table) -> pl.DataFrame | None:
    """Read one file as a frame with `table.schema`; None where there is no such file.

    The file is opened once, so a writer that replaces it meanwhile does no harm.

    Raises:
        StorageError: the file is damaged or has other columns; one declared later is
            null in every row.
    """
    with explain_os_errors(path):
        try:
            with path.open("rb") as file:
                content = file.read()
        except FileNotFoundError:
            return None
    try:
        frame = pl.read_parquet(content)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StorageError(
            f"{path}: expected a Parquet file of table {table.name}, found damage ({error}). "
            "Move it out of the data folder and collect again."
        ) from error
    frame = _add_new_columns(frame, table)
    check_schema(table, frame.schema, table.schema, str(path))
    return frame.select(table.schema.names())


def _add_new_columns(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Let a file stand that was written before a column was declared."""
    return frame.with_columns(
        pl.lit(None, column.dtype).alias(column.name)
        for column in table.columns
        if column.is_later and column.name not in frame.columns
    )


def is_written_as_declared(path: Path, table: Table) -> bool:
    """Tell whether the file's own schema and notes are those that are declared now."""
    return bool(pq.read_schema(path).equals(build_arrow_schema(table), check_metadata=True))


def _shorten(kind: pa.DataType) -> pa.DataType:
    """Replace the large types, which some BI readers do not know, by the usual ones."""
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_large_list(kind):
        # `element` is what the Parquet format calls it, so the schema reads back as written.
        return pa.list_(pa.field("element", _shorten(kind.value_type)))
    return kind
