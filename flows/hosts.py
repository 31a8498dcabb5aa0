"""Which hosts answer, since when, and what came of their addresses."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from storage.access import view_data
from storage.crawl_state import has_state, list_hosts, open_state
from storage.settings import Settings

SHOWN_HOSTS = 40  # those that are down are shown all


def describe_hosts(settings: Settings) -> list[dict[str, Any]]:
    """Describe every host that was ever asked, those that are down first.

    Raises:
        StorageError: the state of crawling is damaged.
    """
    view_data(settings)
    if not has_state(settings.data):
        return []
    with open_state(settings.data) as state:
        hosts = list_hosts(state)
    return [
        {
            "host": host.name,
            "state": "up" if host.is_up else "down",
            "since": host.since.isoformat(timespec="seconds"),
            "checked_at": host.checked_at.isoformat(timespec="seconds"),
            "tls": host.tls,
            "addresses": host.outcomes,
            "reason": host.reason,
        }
        for host in hosts
    ]


def show_hosts(hosts: list[dict[str, Any]], console: Console) -> None:
    """Print hosts for a reader; of those that are up the first ones."""
    down = [host for host in hosts if host["state"] == "down"]
    console.print(f"[bold]{len(hosts)} hosts[/], {len(down)} down")
    if not hosts:
        console.print("No host was asked yet. Start with: gouji collect")
        return
    table = Table("host", "state", "since", "last asked", "TLS", "addresses", box=None)
    for host in hosts[: max(len(down), SHOWN_HOSTS)]:
        colour = "green" if host["state"] == "up" else "red"
        counts = ", ".join(f"{count} {name}" for name, count in sorted(host["addresses"].items()))
        moments = (host[name][:16].replace("T", " ") for name in ("since", "checked_at"))
        state = f"[{colour}]{host['state']}[/]"
        table.add_row(escape(host["host"]), state, *moments, host["tls"] or "", counts)
    console.print(table)
    if len(hosts) > max(len(down), SHOWN_HOSTS):
        console.print("… all of them: gouji status --hosts --json")
    for host in down:
        console.print(f"[red]{escape(host['host'])}[/]: {escape(host['reason'] or '')}")
