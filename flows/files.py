"""Verify stored files, and rebuild from the archive what is damaged or not of one run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import polars as pl
from prefect import flow
from pydantic import BaseModel, Field

from expectations.wide import WIDE
from flows.failing import tell_maintainers
from flows.parameters import CONFIG, DataFolder
from flows.reading import read_all
from storage import archive
from storage.access import hold_data
from storage.checksums import Damage, find_damage, list_files, read_sums
from storage.documents import FILE as DOCUMENTS_FILE
from storage.documents import read_documents, update_documents
from storage.lake import Partition, locate_file, read_table, tell_partition
from storage.rebuild import (
    REMEMBERED,
    adopt_files,
    complete_sums,
    find_unreadable,
    keep_damaged,
    open_beside,
    remember_rows,
)
from storage.schema import (
    DOCUMENTS,
    PARTITION_SCHEMA,
    REPORTS,
    list_flat_tables,
    list_history,
    list_tables,
)
from storage.settings import Settings, load_settings
from storage.together import Mixed, find_mixed
from tasks.check import check_reports
from tasks.known import gather_known
from tasks.missing import record_missing
from tasks.policy import choose_policy
from tasks.reading.batch import MEMBER, Origin
from tasks.store import store_checked
from tasks.stored import JUDGED, add_dependents, add_unread, list_archived

TABLES = (*list_tables(), WIDE, *list_history(), *list_flat_tables())


class CheckFilesParameters(BaseModel):
    """What a run of `check-files` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    data: DataFolder = None
    repair_only: bool = Field(
        False,
        description="Compare no checksums: only find, and make anew, the years and regions whose "
        "tables are not of one run.",
    )


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What was verified, found and mended.

    `identical` are damaged files that have their very bytes again, `different` those that a
    newer reader or newer rules made otherwise, and `partial` those of them that hold what no
    archive gives: the past of reports, or what was looked at besides. `lost` are reports that
    no archived bytes give any more. `fetch` are archived bytes that are damaged, by sha256.
    `kept_in` has the damaged files. `mixed` are partitions whose tables were not of one run,
    `still_mixed` those that are so afterwards.
    """

    files: int
    damaged: tuple[Damage, ...] = ()
    mixed: tuple[Mixed, ...] = ()
    still_mixed: tuple[Mixed, ...] = ()
    identical: tuple[PurePosixPath, ...] = ()
    different: tuple[PurePosixPath, ...] = ()
    partial: tuple[PurePosixPath, ...] = ()
    lost: tuple[str, ...] = ()
    fetch: tuple[str, ...] = ()
    kept_in: Path | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was damaged or mixed."""
        return not (self.damaged or self.fetch or self.mixed)


@flow(
    name="check-files",
    validate_parameters=True,
    on_failure=[tell_maintainers],
    on_crashed=[tell_maintainers],
)
def check_files(
    parameters: CheckFilesParameters = CheckFilesParameters(),  # noqa: B008
) -> FileCheck:
    """Compare every stored file with its checksum, and rebuild what is damaged; no network.

    A damaged file of the lake is made anew from the archived bytes of its reports, in a folder
    beside the lake, and put in its place when all is ready. So are tables of a partition that
    are not of one run.
    """
    now = datetime.now(UTC)
    settings = load_settings(parameters.data)
    with hold_data(settings, is_damage_allowed=True):
        return _check_files(settings, now, parameters.repair_only)


def _check_files(settings: Settings, now: datetime, repair_only: bool) -> FileCheck:
    data = settings.data
    files = [] if repair_only else list_files(data)
    damaged = (
        () if repair_only else (*find_damage(data, files), *find_unreadable(data, files, TABLES))
    )
    fetch = () if repair_only else tuple(archive.find_damaged(data))
    names = [damage.path for damage in damaged]
    mixed = find_mixed(data, TABLES, without=names)
    if not names and not mixed:
        if not repair_only:
            complete_sums(data)
        return FileCheck(len(files), fetch=fetch)
    # The rows of reports stay to compare with: versions and instants are nowhere else.
    unlike = [table for table in TABLES if table.has_run_id and table is not REPORTS]
    places = [Partition(one.year, one.region) for one in mixed]
    remade = sorted({*names, *(locate_file(table, place) for table in unlike for place in places)})
    before = read_sums(data)
    kept = {*remade, *(locate_file(REPORTS, place) for place in places)}
    kept_in = keep_damaged(data, sorted(kept), now)
    with open_beside(data, remade) as beside:
        remember_rows(beside, names, TABLES)
        lost = _rebuild(data, replace(settings, data=beside), names, remade, fetch, now)
        adopted = adopt_files(data, beside, remade, TABLES)
    complete_sums(data)
    after = read_sums(data)
    given_up = [name for name in names if name not in adopted]
    different = tuple(name for name in adopted if before.get(name) != after[name])
    return FileCheck(
        files=len(files),
        damaged=damaged,
        mixed=mixed,
        still_mixed=find_mixed(data, TABLES, without=given_up),
        identical=tuple(name for name in adopted if before.get(name) == after[name]),
        different=different,
        partial=tuple(name for name in different if name in names and _is_beyond_archive(name)),
        lost=lost,
        fetch=fetch,
        kept_in=kept_in,
    )


def _is_beyond_archive(name: PurePosixPath) -> bool:
    tables = {table.name for table in REMEMBERED}
    return name == DOCUMENTS_FILE or (name.parts[0] == "lake" and name.parts[1] in tables)


def _rebuild(
    stored: Path,
    settings: Settings,
    damaged: Collection[PurePosixPath],
    remade: Collection[PurePosixPath],
    unusable: Collection[str],
    now: datetime,
) -> tuple[str, ...]:
    """Make files anew in a folder without them; return the reports that are lost.

    A report that the archive lacks stays as it is `stored`, if nothing it is judged by is
    `damaged`.
    """
    data = settings.data
    if DOCUMENTS_FILE in damaged:
        update_documents(data, _list_documents(read_table(data, REPORTS)))
    places = {place for path in remade if (place := tell_partition(path))}
    owed = _list_owed(data, places)
    batch = read_all(_choose_origins(data, owed, unusable), settings)
    is_judgeable = {
        place: not any(locate_file(table, place) in damaged for table in JUDGED) for place in places
    }
    batch = add_unread(batch, stored, [place for place in places if is_judgeable[place]], owed)
    lost = frozenset(owed.difference(batch.reports["report_id"]))
    batch = add_dependents(batch, data, batch.documents.clear(), lost)
    policy = choose_policy(settings, (), now)
    known = gather_known(settings, withdrawn=lost)
    enforced = check_reports(batch.reports, batch.details, data, known, policy, now)
    store_checked(enforced.checked, None, lost, data, now)
    record_missing(data, known, policy.today)
    return tuple(sorted(lost))


def _list_documents(reports: pl.DataFrame) -> pl.DataFrame:
    """List the addresses that reports were read from; of the others the list is lost."""
    return (
        reports.unique("url")
        .select(
            "url",
            "report_id",
            "media_type",
            source="url",
            outcome=pl.lit("read"),
            sha256="source_sha256",
            seen_at="fetched_at",
        )
        .match_to_schema(DOCUMENTS.schema, missing_columns="insert")
    )


def _list_owed(data: Path, places: Collection[Partition]) -> set[str]:
    """List the reports of damaged partitions.

    These are the rows of their reports table, if that is whole, and what documents gave and no
    whole partition has.
    """
    reports = read_table(data, REPORTS).select("report_id", *PARTITION_SCHEMA)
    damaged = pl.DataFrame(sorted(places), schema=PARTITION_SCHEMA, orient="row")
    known = reports.join(damaged, on=PARTITION_SCHEMA.names(), how="semi")["report_id"]
    given = read_documents(data).filter(
        pl.col("report_id").is_not_null(), pl.col("outcome") != "not_selected"
    )
    unseen = set(given["report_id"]).difference(reports["report_id"])
    return unseen.union(known)


def _choose_origins(data: Path, owed: Collection[str], unusable: Collection[str]) -> list[Origin]:
    """Choose what the archive has of the sources of reports; a zip for any file in it."""
    documents = read_documents(data)
    gave = documents.filter(pl.col("report_id").is_in(sorted(owed)))
    pages = {*gave["page"].drop_nulls(), *gave["url"]}
    named = {url.split(MEMBER)[0] for url in pages}
    return [
        origin
        for origin in list_archived(data)
        if (origin.url in named or origin.page in named)
        and origin.sha256 not in unusable
        and archive.has(data, origin.sha256)
    ]


if __name__ == "__main__":
    check_files()
