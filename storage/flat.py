"""The tables of the lake as one file each, for tools that read a single file.

`<data>/flat/<table>.parquet`, with `year` and `region` as its first columns, in the order of
year, region and key. A file is written beside its place and then put there at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from storage.folder import explain_os_errors, sync_folders
from storage.lake import list_partitions, locate_file, read_partitions, scan_table
from storage.parquet import COMPRESSION, ROWS_PER_GROUP, build_arrow_schema, read_run_id
from storage.schema import RUN_ID, Table, add_partition

FLAT = "flat"

# What a sheet of Excel holds, the line of names aside.
SHEET_ROWS = 1_048_575


def digest_inputs(data: Path, table: Table) -> str:
    """Digest names, sizes and times of the stored files of a table, and its declaration.

    As long as it stays, so does the content of the files; none of them is opened.
    """
    facts = [str(build_arrow_schema(add_partition(table)).to_string(show_field_metadata=True))]
    for partition in list_partitions(data, table):
        path = locate_file(table, partition)
        found = (data / path).stat()
        facts.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def write_flat(data: Path, table: Table, target: Path) -> int:
    """Write a table of the lake as one file and return its rows.

    No more than one partition and one row group are in memory. The caller sees to it that
    no run stores meanwhile.

    Raises:
        StorageError: a stored file is damaged, or the target cannot be written.
    """
    schema = build_arrow_schema(add_partition(table))
    rows = 0
    with (
        explain_os_errors(target.parent),
        _replace_later(target) as path,
        pq.ParquetWriter(path, schema, compression=COMPRESSION) as writer,
    ):
        for group in _gather_groups(data, table, schema):
            writer.write_table(group, row_group_size=ROWS_PER_GROUP)
            rows += group.num_rows
    return rows


def write_sheet(data: Path, table: Table, titles: dict[str, str], target: Path) -> None:
    """Write the newest whole years that a sheet of Excel holds as CSV, with the mark it needs.

    Args:
        data: The data folder.
        table: The table; of lists and instants it has none.
        titles: What the column is called in the file, in their order.
        target: The file.
    """
    frame = scan_table(data, table, years=_choose_years(data, table)).select(
        _write_plainly(name, dtype).alias(titles[name])
        for name, dtype in table.frame_schema.items()
    )
    with explain_os_errors(target.parent), _replace_later(target) as path:
        frame.sink_csv(path, include_bom=True, line_terminator="\r\n")


def _choose_years(data: Path, table: Table) -> list[int]:
    """Choose the newest years whose rows fit into a sheet together, one at the least."""
    rows: dict[int, int] = {}
    for partition in list_partitions(data, table):
        file = pq.read_metadata(data / locate_file(table, partition))
        rows[partition.year] = rows.get(partition.year, 0) + file.num_rows
    newest = sorted(rows, reverse=True)
    return [
        year
        for place, year in enumerate(newest)
        if not place or sum(rows[other] for other in newest[: place + 1]) <= SHEET_ROWS
    ]


def _write_plainly(name: str, dtype: pl.DataType) -> pl.Expr:
    """Write a figure without zeros at its end, as people do."""
    if not dtype.is_decimal():
        return pl.col(name)
    return pl.col(name).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


def _gather_groups(data: Path, table: Table, schema: pa.Schema) -> Iterator[pa.Table]:
    """Read partition by partition, and give tables of whole row groups; the last may be less."""
    waiting: list[pa.Table] = []
    for partition in list_partitions(data, table):
        frame = read_partitions(data, table, [partition])
        if table.has_run_id:
            run_id = read_run_id(data / locate_file(table, partition), table)
            frame = frame.with_columns(pl.lit(run_id, pl.String).alias(RUN_ID))
        waiting.append(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
        count = sum(part.num_rows for part in waiting)
        if count < ROWS_PER_GROUP:
            continue
        whole = pa.concat_tables(waiting)
        cut = count - count % ROWS_PER_GROUP
        yield whole.slice(0, cut)
        waiting = [whole.slice(cut)]
    if waiting:
        yield pa.concat_tables(waiting)


@contextmanager
def _replace_later(target: Path) -> Iterator[Path]:
    """Give a path beside the target to write to, and put it in place when all is well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}-{uuid4().hex}")
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
        sync_folders([target.parent])
    finally:
        beside.unlink(missing_ok=True)
