"""One Parquet file of a declared table: written sorted and the same every time, read whole."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from storage.folder import StorageError, explain_os_errors
from storage.frames import check_schema
from storage.schema import RUN_ID, Table

# Fewer, larger groups compress better; DuckDB still gives each of its threads one of these.
ROWS_PER_GROUP = 131_072
COMPRESSION = "zstd"
# What the libraries raise on damaged bytes; Polars may end in a panic, which is no `Exception`.
_DAMAGE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    pa.ArrowException,
    OSError,
    UnicodeDecodeError,
)


@cache
def build_arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of the table's files; fields carry `comment` and `unit`.

    The schema itself carries the `table` and its `version`.
    """
    types = pl.Schema({column.name: column.dtype for column in table.columns})
    plain = types.to_frame().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
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


def write_file(path: Path, table: Table, frame: pl.DataFrame, run_id: str | None = None) -> None:
    """Write a frame with the columns of `table.schema` and wait until it rests on the disk.

    Where the table has a `run_id`, it is that of every row, and the file's schema names it too,
    as a file without rows belongs to others as well.
    """
    with path.open("wb") as file:
        _write_rows(file, table, frame, run_id, COMPRESSION)
        file.flush()
        os.fsync(file.fileno())


def digest_rows(table: Table, frame: pl.DataFrame) -> str:
    """Digest the rows of a sorted frame, as `table.schema`, in hexadecimal; instants aside.

    Two runs that read and judge the same at other times give the same.
    """
    instants = [name for name, dtype in table.schema.items() if isinstance(dtype, pl.Datetime)]
    timeless = frame.with_columns(pl.lit(None, table.schema[name]).alias(name) for name in instants)
    # Parquet writes the same rows to the same bytes; what lies below a null is not among them.
    content = io.BytesIO()
    _write_rows(content, table, timeless, None, "none")
    return hashlib.sha256(content.getbuffer()).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as read: its rows as `table.schema`, its `run_id`, and how it was written.

    `is_declared` where its schema and notes are those that are declared now.
    """

    frame: pl.DataFrame
    run_id: str | None
    is_declared: bool

    def holds(self, frame: pl.DataFrame, key: Collection[str]) -> bool:
        """Tell whether it holds these rows, in whatever order, as they would be written now."""
        # Most of what is stored again stands in the order of the file: to sort it takes its time.
        return self.is_declared and (self.frame.equals(frame) or self.frame.equals(frame.sort(key)))


def read_file(
    path: Path, table: Table, columns: Collection[str] | None = None
) -> pl.DataFrame | None:
    """Read one file as a frame with `table.schema`; None where there is no such file.

    Raises:
        StorageError: as `open_file`.
    """
    stored = open_file(path, table, columns)
    return None if stored is None else stored.frame


def open_file(
    path: Path, table: Table, columns: Collection[str] | None = None
) -> StoredFile | None:
    """Read one file of a table, all of it or some columns; None where there is no such file.

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
        schema = pq.read_schema(io.BytesIO(content))
        wanted = [name for name in schema.names if name != RUN_ID]
        if columns is not None:
            wanted = [name for name in wanted if name in columns]
        frame = pl.read_parquet(content, columns=wanted)
    except _DAMAGE as error:
        raise _tell_damage(path, table, error) from error
    version = _read_version(schema)
    if version > table.version:
        raise StorageError(
            f"{path}: expected version {table.version} of table {table.name} at the most, found "
            f"version {version}. A later gouji wrote it: use that one."
        )
    frame = _migrate(frame, table, version)
    declared = table.schema
    if columns is not None:
        declared = pl.Schema({name: declared[name] for name in declared if name in columns})
        frame = frame.select(name for name in frame.columns if name in columns)
    check_schema(table, frame.schema, declared, str(path))
    run_id, is_declared = _read_run_id(schema), _is_declared(schema, table)
    return StoredFile(frame.select(declared.names()), run_id, is_declared)


def read_run_id(path: Path, table: Table) -> str | None:
    """Read which files of other tables this one belongs to; None where no file, or it, says so.

    Raises:
        StorageError: the file is damaged.
    """
    schema = _read_schema(path, table)
    return None if schema is None else _read_run_id(schema)


def is_written_as_declared(path: Path, table: Table) -> bool:
    """Tell whether there is a file whose schema and notes are those that are declared now.

    Raises:
        StorageError: the file is damaged.
    """
    schema = _read_schema(path, table)
    return schema is not None and _is_declared(schema, table)


def _read_schema(path: Path, table: Table) -> pa.Schema | None:
    """Read the schema at the end of a file; None where there is no file."""
    if not path.is_file():
        return None
    with explain_os_errors(path), path.open("rb") as file:
        try:
            return pq.read_schema(file)
        except _DAMAGE as error:
            raise _tell_damage(path, table, error) from error


def _write_rows(
    target: BinaryIO,
    table: Table,
    frame: pl.DataFrame,
    run_id: str | None,
    compression: str,
) -> None:
    """Write row group by row group, so that no more than one of them is there twice."""
    declared = build_arrow_schema(table)
    notes = dict(declared.metadata) | ({} if run_id is None else {RUN_ID: run_id})
    with pq.ParquetWriter(target, declared.with_metadata(notes), compression=compression) as writer:
        for rows in frame.iter_slices(ROWS_PER_GROUP):
            named = rows.with_columns(pl.lit(run_id, pl.String).alias(RUN_ID))
            chosen = named if table.has_run_id else rows
            arrow = chosen.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer.write_table(arrow.cast(writer.schema))


def _tell_damage(path: Path, table: Table, error: Exception) -> StorageError:
    return StorageError(
        f"{path}: expected a Parquet file of table {table.name}, found damage ({error}). "
        "Run `gouji check --files`, which rebuilds it from the archive."
    )


def _is_declared(found: pa.Schema, table: Table) -> bool:
    notes = {key: note for key, note in (found.metadata or {}).items() if key != RUN_ID.encode()}
    declared = build_arrow_schema(table)
    return bool(found.with_metadata(notes).equals(declared, check_metadata=True))


def _read_run_id(schema: pa.Schema) -> str | None:
    found = (schema.metadata or {}).get(RUN_ID.encode())
    return None if found is None else found.decode()


def _read_version(schema: pa.Schema) -> int:
    """Read the version of its table under which a file was written; the first did not say so."""
    return int((schema.metadata or {}).get(b"version", b"1"))


def _migrate(frame: pl.DataFrame, table: Table, version: int) -> pl.DataFrame:
    """Bring rows of an earlier version of the table to the one declared now."""
    return frame.with_columns(
        pl.lit(None, column.dtype).alias(column.name)
        for column in table.columns
        if column.since > version and column.name not in frame.columns and column.name != RUN_ID
    )


def _shorten(kind: pa.DataType) -> pa.DataType:
    """Replace the large types, which some BI readers do not know, by the usual ones."""
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_large_list(kind):
        # `element` is what the Parquet format calls it, so the schema reads back as written.
        return pa.list_(pa.field("element", _shorten(kind.value_type)))
    return kind
