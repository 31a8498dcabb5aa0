"""The commands about alerts: `gouji alert` and `gouji alerts`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from flows.console import (
    TROUBLE,
    DataOption,
    JsonOption,
    VerboseOption,
    explain_failure,
    finish,
    print_json,
    start_flow,
)
from storage.settings import load_settings

if TYPE_CHECKING:
    import sqlite3

    from storage.alerts import Alert

alerts_app = typer.Typer(
    no_args_is_help=True, help="Alerts: list, show, send again, mute, resolve, watch."
)
NameArgument = Annotated[
    str, typer.Argument(metavar="ALERT", help="Beginning of its fingerprint, 4 characters or more.")
]
WhoOption = Annotated[
    str | None, typer.Option("--who", help="Who decided it [default: the user's name].")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the alert.")]


def send_alerts(
    data: DataOption = None,
    is_dry: Annotated[
        bool,
        typer.Option("--dry-run", help="Show who would get what; nothing is written or sent."),
    ] = False,
    as_json: JsonOption = False,
    is_verbose: VerboseOption = False,
) -> None:
    """Bring the alerts to what is stored, compose the mails that are due, send what waits.

    Exit status: 0 all was sent, or there is no mail server; 1 some mails wait and say why;
    2 it could not run; 64 wrong usage.
    """
    start_flow(is_verbose)
    from flows.alert import AlertParameters, alert, list_due, show_alerted, show_due

    with explain_failure():
        if is_dry:
            due = list_due(load_settings(data), datetime.now(UTC))
            if as_json:
                print_json(due)
            else:
                show_due(due, Console())
            return
        settings = load_settings(data)
        alerted = alert(AlertParameters(data=data))
        show_alerted(alerted, Console())
    if alerted.sending.errors and settings.smtp_url:
        raise typer.Exit(TROUBLE)


@alerts_app.command("list")
def list_stored(
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state", help="open, sent, resolved, waived or muted; repeatable [default: all]."
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the alerts, oldest first."""
    from flows.alerts import STATES, describe_alert, show_alerts
    from storage.alerts import list_alerts

    unknown = set(state or ()) - set(STATES)
    if unknown:
        raise typer.BadParameter(f"--state: expected {', '.join(STATES)}, found {sorted(unknown)}")
    with _open(data) as connection:
        alerts = list_alerts(connection, state or ())
    if as_json:
        print_json([describe_alert(alert) for alert in alerts])
    else:
        show_alerts(alerts, Console())


@alerts_app.command()
def show(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show an alert: what is wrong, who was told, what changed since."""
    from flows.alerts import describe_history, show_history

    with _open(data) as connection:
        facts = describe_history(connection, _find(connection, name))
    if as_json:
        print_json(facts)
    else:
        show_history(facts, Console())


@alerts_app.command()
def mute(
    name: NameArgument,
    reason: ReasonOption,
    who: WhoOption = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until",
            formats=["%Y-%m-%d"],
            help="Last day, in Beijing [default: until the report is published anew].",
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    """Let nobody be told of an alert."""
    from storage.alerts import mute_alert
    from storage.outbox import transaction
    from tasks.alerting.render import BEIJING

    end = until.replace(tzinfo=BEIJING) + timedelta(days=1) if until else None
    with _open(data, is_changed=True) as connection:
        alert = _find(connection, name)
        with transaction(connection):
            mute_alert(connection, alert.fingerprint, reason, who or getpass.getuser(), end)
    Console().print(escape(f"muted {alert.fingerprint[:12]}: {alert.title or alert.subject}"))


@alerts_app.command()
def resolve(
    name: NameArgument, reason: ReasonOption, who: WhoOption = None, data: DataOption = None
) -> None:
    """Close an alert; it is opened again only if the report is published anew and still wrong."""
    from storage.alerts import resolve_alert
    from storage.outbox import transaction

    with _open(data, is_changed=True) as connection:
        alert = _find(connection, name)
        now = datetime.now(UTC)
        with transaction(connection):
            resolve_alert(connection, alert.fingerprint, reason, who or getpass.getuser(), now)
    Console().print(escape(f"resolved {alert.fingerprint[:12]}: {alert.title or alert.subject}"))


@alerts_app.command()
def resend(name: NameArgument, data: DataOption = None, is_verbose: VerboseOption = False) -> None:
    """Tell an alert again, now, to all who were told of it."""
    from storage.mails import forget_told
    from storage.outbox import transaction

    with _open(data, is_changed=True) as connection:
        alert = _find(connection, name)
        if not alert.is_firing:
            raise typer.BadParameter(
                f"expected an alert that is open or sent, found it {alert.state} "
                f"({alert.reason}); nobody is told of it"
            )
        with transaction(connection):
            forget_told(connection, alert.fingerprint)
    send_alerts(data, False, False, is_verbose)


@alerts_app.command()
def watch(data: DataOption = None, is_verbose: VerboseOption = False) -> None:
    """Fetch the pages of open alerts again, check what changed, and tell what became of them."""
    start_flow(is_verbose)
    from flows.watch_corrections import WatchParameters, watch_corrections

    finish(lambda: watch_corrections(WatchParameters(data=data)))


@alerts_app.command("schema")
def show_schema() -> None:
    """Print the JSON schema of an entry of recipients.yaml."""
    from tasks.alerting.recipients import describe_schema

    sys.stdout.write(describe_schema() + "\n")


@contextmanager
def _open(data: str | None, *, is_changed: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the outbox of a data folder that has one."""
    from storage.access import edit_data, view_data
    from storage.outbox import FILE, open_outbox

    with explain_failure():
        settings = load_settings(data)
        path = settings.data
        view_data(settings)
        if not (path / FILE).exists():
            raise ValueError(
                f"{path}: expected alerts, found none yet; run gouji collect, or gouji alert"
            )
        with edit_data(settings) if is_changed else nullcontext(), open_outbox(path) as connection:
            yield connection


def _find(connection: sqlite3.Connection, name: str) -> Alert:
    """Find the one alert of a name."""
    from storage.alerts import find_alerts

    found = find_alerts(connection, name) if len(name) >= 4 else []
    if len(found) != 1:
        said: Any = ", ".join(alert.fingerprint[:12] for alert in found[:5]) or "none"
        raise typer.BadParameter(
            f"ALERT: expected the beginning of one fingerprint, found {said} for {name!r}; "
            "see gouji alerts list"
        )
    return found[0]
