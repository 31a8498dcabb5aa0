"""Is a frame what its table declares? Asked of every frame before it is stored or handed out."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from storage.folder import StorageError
from storage.schema import PARTITION_SCHEMA, REPORTS, Table

_REGION = r"^[A-Za-z0-9-]+$"  # it names a folder; ISO 3166-2 codes and `unresolved` are all this


def check_schema(table: Table, found: pl.Schema, expected: pl.Schema, where: str) -> None:
    """Raise a `StorageError` unless the columns and types are the expected ones, in any order."""
    differences = [
        f"{name}: expected {expected.get(name, 'no such column')}, "
        f"found {found.get(name, 'no such column')}"
        for name in {**expected, **found}
        if expected.get(name) != found.get(name)
    ]
    if not differences:
        return
    raise StorageError(
        f"{where}: not the columns of table {table.name} as declared in storage/schema.py: "
        f"{'; '.join(differences)}"
    )


def check_nulls(table: Table, frame: pl.DataFrame) -> None:
    """Raise a `StorageError` if a column that is declared as never null holds one."""
    required = [*PARTITION_SCHEMA, *(column.name for column in table.columns if not column.null)]
    counts = frame.select(pl.col(name).null_count() for name in frame.columns if name in required)
    missing = [
        f"{name} ({count} rows)" for name, count in counts.row(0, named=True).items() if count
    ]
    if missing:
        raise StorageError(
            f"new rows of table {table.name}: expected a value in every row, found null in "
            f"{', '.join(missing)}. Nothing was changed."
        )


def check_belonging(frames: Mapping[Table, pl.DataFrame]) -> None:
    """Raise a `StorageError` unless every row is of a report in REPORTS, in its partition.

    A report may be there once, and its region must be fit to name a folder.
    """
    reports = frames[REPORTS].select("report_id", *PARTITION_SCHEMA)
    twice = reports.filter(pl.col("report_id").is_duplicated())
    if twice.height:
        raise StorageError(
            "new rows of table reports: expected each report once, found "
            f"{twice['report_id'][0]!r} more than once. Nothing was changed."
        )
    odd = reports.filter(~pl.col("region").str.contains(_REGION))
    if odd.height:
        raise StorageError(
            "new rows of table reports: expected an ISO 3166-2 code, CN or unresolved as region, "
            f"found {odd['region'][0]!r}. Nothing was changed."
        )
    for table, frame in frames.items():
        places = frame.select("report_id", *PARTITION_SCHEMA)
        # Rows of a report mostly stand together: of millions, few are left to compare.
        is_first = pl.any_horizontal(pl.all().ne_missing(pl.all().shift()))
        places = places.filter(is_first).cast({pl.Categorical: pl.String}).unique()
        stray = places.join(reports, on=reports.columns, how="anti", nulls_equal=True)
        if stray.height:
            raise StorageError(
                f"new rows of table {table.name}: expected rows of reports handed in together, "
                f"found {stray.row(0, named=True)} that table reports has not. Nothing was changed."
            )
