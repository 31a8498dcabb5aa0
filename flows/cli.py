"""The command line: `gouji inspect`, `collect`, `check`, `verify`, `status` and others."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from flows.cli_alerts import alerts_app, send_alerts
from flows.cli_operations import backfill, read_again, serve
from flows.console import (
    TROUBLE,
    AcceptOption,
    DataOption,
    JsonOption,
    RegionOption,
    VerboseOption,
    WaiversOption,
    YearOption,
    explain_failure,
    finish,
    print_json,
    start_flow,
)
from storage.access import edit_data, prepare_data
from storage.settings import load_settings

USAGE = 64
UNREAD = 2
HAS_ERRORS = 1
STOPPED = 130
# Typer exports this one of its usage errors; the base is the family of all of them.
UsageError: Any = typer.BadParameter.__base__

app = typer.Typer(
    name="gouji",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Fetch, read, check and store China's annual reports on government information "
    "disclosure, and mail what contradicts itself.",
)


def main() -> None:
    """Run the command line; wrong usage ends with status 64."""
    command = typer.main.get_command(app)
    try:
        status = command.main(prog_name="gouji", standalone_mode=False)
    except UsageError as error:
        error.show()
        status = USAGE
    except (typer.Abort, KeyboardInterrupt):
        Console(stderr=True).print("Stopped.")
        status = STOPPED
    sys.exit(status if isinstance(status, int) else 0)


@app.command()
def inspect(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Files, folders or addresses.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Read and check documents on the spot; nothing is stored.

    Exit status: 0 all read, no error found; 1 an error found; 2 a document could not be read
    as a report; 64 wrong usage.
    """
    from flows.inspection import inspect_sources, show_inspection
    from tasks.fetching.source import parse_source_argument

    try:
        settings = load_settings()
        chosen = [parse_source_argument(source) for source in sources]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    console = Console()
    status = 0
    for inspection in inspect_sources(chosen, settings):
        if as_json:
            sys.stdout.write(json.dumps(inspection.facts, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            show_inspection(inspection, console)
        if inspection.is_unread:
            status = UNREAD
        elif inspection.has_errors:
            status = max(status, HAS_ERRORS)
    raise typer.Exit(status)


@app.command()
def collect(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="FILE|DIR|URL",
            help="What to read; repeatable [default: $GOUJI_SOURCES, else sources.yaml in the "
            "data folder].",
        ),
    ] = None,
    year: YearOption = None,
    region: RegionOption = None,
    data: DataOption = None,
    waivers: WaiversOption = None,
    accept: AcceptOption = None,
    is_verbose: VerboseOption = False,
) -> None:
    """Run the main job: discover, fetch, read, check, store, alert.

    Exit status: 0 the run is complete, whatever it found; 1 complete, but something on our
    side failed and is named; 2 it could not run; 64 wrong usage.
    """
    start_flow(is_verbose)
    from flows.collect import CollectParameters, collect, plan_run

    with explain_failure():
        parameters = CollectParameters(
            sources=source or [],
            year=year,
            region=region,
            data=data,
            waivers=waivers,
            accepted=accept or [],
        )
        plan_run(parameters)
    finish(lambda: collect(parameters))


@app.command()
def check(
    year: YearOption = None,
    region: RegionOption = None,
    data: DataOption = None,
    read_again: Annotated[
        bool,
        typer.Option("--read-again", help="First read the archived pages again; no network."),
    ] = False,
    waivers: WaiversOption = None,
    accept: AcceptOption = None,
    is_files: Annotated[
        bool,
        typer.Option(
            "--files",
            help="Instead verify every stored file by its checksum, and rebuild from the archive "
            "what is damaged; no network.",
        ),
    ] = False,
    is_repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Instead find the years and regions whose tables are not of one run, and make "
            "them anew from the archive; no network.",
        ),
    ] = False,
    is_verbose: VerboseOption = False,
) -> None:
    """Run the rules again over what is stored; no figure changes unless read again.

    Exit status: 0 complete; 1 something on our side failed, or with --files or --repair something
    was amiss; 2 it could not run; 64 wrong usage.
    """
    start_flow(is_verbose)
    if is_files or is_repair:
        _check_files(data, repair_only=not is_files)
    from flows.check import CheckParameters, check

    with explain_failure():
        parameters = CheckParameters(
            year=year,
            region=region,
            data=data,
            waivers=waivers,
            accepted=accept or [],
            read_again=read_again,
        )
        prepare_data(load_settings(data))
    finish(lambda: check(parameters))


@app.command()
def demo(data: DataOption = None, is_verbose: VerboseOption = False) -> None:
    """Run the main job on the bundled sample site, into `demo` under the data folder.

    The site stands on loopback; no network is needed. What an earlier demo left is replaced.
    """
    start_flow(is_verbose)
    from flows.collect import CollectParameters, collect
    from flows.demo import open_demo

    with explain_failure():
        settings = load_settings(data)
        if settings.origin is not None:
            raise ValueError(f"demo: expected a local folder as --data, found {settings.origin}")
    with explain_failure(), open_demo(settings.data) as site:
        finish(lambda: collect(CollectParameters(data=str(site.folder))))


@app.command()
def status(
    data: DataOption = None,
    has_hosts: Annotated[
        bool, typer.Option("--hosts", help="Show the hosts instead: which are up, since when.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is stored, when it came, and how much of it is valid."""
    from flows.hosts import describe_hosts, show_hosts
    from flows.status import describe_data, show_data

    if has_hosts:
        with explain_failure():
            hosts = describe_hosts(load_settings(data))
        if as_json:
            print_json(hosts)
        else:
            show_hosts(hosts, Console())
        return
    with explain_failure():
        facts = describe_data(load_settings(data), datetime.now(UTC))
    if as_json:
        print_json(facts)
    else:
        show_data(facts, Console())


@app.command()
def publish(data: DataOption = None) -> None:
    """Renew the flat files, dictionary, data package and DuckDB views beside the lake.

    Every run does so at its end; this is for a data folder that was moved or copied.
    """
    from flows.publish import publish, show_published

    with explain_failure():
        written = publish(load_settings(data))
    show_published(written, Console())


@app.command()
def verify(
    report_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[REPORT_ID...]", help="These [default: all].")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="As many, drawn at random.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the archived bytes of reports again, check them, and compare with what is stored.

    Nothing is stored, no network is needed. Exit status: 0 all come out the same; 1 at least
    one differs; 2 archived bytes are missing or damaged, or a report is not stored; 64 wrong
    usage.
    """
    from flows import verify as verification

    console, status = Console(), 0
    with explain_failure():
        now = datetime.now(UTC)
        for found in verification.verify(load_settings(data), report_ids or (), sample, now):
            if as_json:
                facts = verification.describe_verification(found)
                sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
            else:
                verification.show_verification(found, console)
            outcome = HAS_ERRORS if found.differences else 0
            status = max(status, UNREAD if found.trouble else outcome)
    raise typer.Exit(status)


@app.command()
def release(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as 2026-03.")],
    data: DataOption = None,
    is_verbose: VerboseOption = False,
) -> None:
    """Write an immutable snapshot with checksums, and what changed since the last release.

    It is in `releases/NAME` in the data folder. Exit status 2 where the name is taken.
    """
    start_flow(is_verbose)
    from flows.release import ReleaseParameters, release, show_release

    with explain_failure():
        made = release(ReleaseParameters(name=name, data=data))
    show_release(made, Console())


@app.command()
def rules(as_json: JsonOption = False) -> None:
    """List the rules with edition, severity, description and source."""
    from flows.rules import list_rules, show_rules

    listed = list_rules()
    if as_json:
        print_json(listed)
    else:
        show_rules(listed, Console())


app.command("read-again")(read_again)
app.command("backfill")(backfill)
app.command("serve")(serve)
app.command("alert")(send_alerts)
app.add_typer(alerts_app, name="alerts")

sources_app = typer.Typer(no_args_is_help=True, help="The list of sources: show, check, find, add.")
app.add_typer(sources_app, name="sources")
ListOption = Annotated[
    str | None,
    typer.Option(
        "--list",
        metavar="FILE|DIR",
        help="Source list [default: $GOUJI_SOURCES, else sources.yaml in the data folder, else "
        "the starting list that gouji brings].",
    ),
]


@sources_app.command("list")
def list_sources(
    path: ListOption = None,
    region: RegionOption = None,
    data: DataOption = None,
    has_schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of a source file instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the sources of the list; exit status 2 where it cannot be read."""
    from flows import sources

    if has_schema:
        sys.stdout.write(sources.describe_schema() + "\n")
        return
    with explain_failure():
        settings = load_settings(data)
        entries = sources.list_entries(Path(path) if path else sources.find_list(settings), region)
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries])
    else:
        sources.show_entries(entries, Console())


@sources_app.command("check")
def check_sources(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="These only [default: all].")
    ] = None,
    path: ListOption = None,
    region: RegionOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look which sources answer, which family fits, how many reports a year they show.

    No report is fetched. Exit status: 0 all list reports; 1 at least one does not; 2 the list
    cannot be read; 64 wrong usage.
    """
    from flows import sources

    with explain_failure():
        settings = load_settings(data)
        entries = sources.list_entries(Path(path) if path else sources.find_list(settings), region)
    unknown = set(names or ()) - {entry.name for entry in entries}
    if unknown:
        raise typer.BadParameter(f"expected names of the list, found {sorted(unknown)}")
    chosen = [entry for entry in entries if not names or entry.name in names]
    checks = sources.check_entries(chosen, settings)
    if as_json:
        print_json(checks)
    else:
        sources.show_checks(checks, Console())
    raise typer.Exit(HAS_ERRORS if any(found["state"] != "lists" for found in checks) else 0)


@sources_app.command("probe")
def probe_source(
    url: Annotated[str, typer.Argument(metavar="URL", help="Home page, column or report.")],
    region: RegionOption = None,
    data: DataOption = None,
) -> None:
    """Find the list of reports from a home page and print the entry for it.

    Exit status: 0 found; 1 it lists no reports; 64 wrong usage.
    """
    from flows import sources

    try:
        entry, found = sources.probe(url, region, load_settings(data))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if entry is None:
        for miss in found.misses:
            Console(stderr=True).print(escape(f"{miss.url}: {miss.reason}"), soft_wrap=True)
        raise typer.Exit(HAS_ERRORS)
    sys.stdout.write(sources.describe_proposal(entry, found))


@sources_app.command("add")
def add_source(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the list or home page.")],
    name: Annotated[str, typer.Option("--name", help="Unique name of the body or territory.")],
    path: ListOption = None,
    region: RegionOption = None,
    data: DataOption = None,
) -> None:
    """Append a source to a list, which stays valid; nothing is fetched.

    Exit status: 0 added; 2 the list is malformed or has the name already; 64 wrong usage.
    """
    from tasks.fetching.source import Entry, add_entry

    with explain_failure():
        settings = load_settings(data)
        file = Path(path) if path else settings.sources or settings.data / "sources.yaml"
        entry = Entry(name=name, url=url, region=region)
        with edit_data(settings):
            file.parent.mkdir(parents=True, exist_ok=True)
            add_entry(file / "added.yaml" if file.is_dir() else file, entry)
    Console().print(escape(f"added {name} to {file}"))


def _check_files(data: str | None, repair_only: bool) -> None:
    from flows.files import CheckFilesParameters, check_files
    from flows.terminal import show_file_check

    with explain_failure():
        prepare_data(load_settings(data))
        found = check_files(CheckFilesParameters(data=data, repair_only=repair_only))
    show_file_check(found, Console())
    raise typer.Exit(0 if found.is_whole else TROUBLE)
