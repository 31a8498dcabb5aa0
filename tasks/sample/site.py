"""The sample site on loopback: one HTTP server a portal, and an address that refuses."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tasks.sample.plan import PlannedReport
from tasks.sample.portal import Portal, Resource, build_portal, load_site

LOOPBACK = "127.0.0.1"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """The running site: where it is, and what is to be found there.

    `sources` are the entries of a sources file. `reports` maps each report's address to its
    plan; `notices` are titled like a report and are none, `missing` are linked and answer
    404, `refused` is the address that refuses connections. `attachments` maps files to the
    pages that link to them.
    """

    sources: tuple[dict[str, Any], ...]
    reports: dict[str, PlannedReport]
    notices: tuple[str, ...]
    missing: tuple[str, ...]
    refused: str
    attachments: dict[str, str]

    @property
    def verdicts(self) -> Counter[str]:
        """How many reports must get which verdict."""
        return Counter(planned.verdict for planned in self.reports.values())

    def write_sources(self, path: Path) -> None:
        """Write the sources file of the site, the refusing host included."""
        content = {"sources": list(self.sources)}
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


@contextmanager
def serve_site(plan: Sequence[PlannedReport]) -> Iterator[Site]:
    """Serve the planned reports on free ports of loopback until the context ends.

    Raises:
        KeyError: a report is planned for a portal that `site.yaml` does not have.
    """
    facts = load_site()
    unknown = {planned.portal for planned in plan} - facts["portals"].keys()
    if unknown:
        raise KeyError(f"portal: expected one of {list(facts['portals'])}, found {unknown}")
    with ExitStack() as stack:
        sources: list[dict[str, Any]] = []
        reports: dict[str, PlannedReport] = {}
        notices: list[str] = []
        missing: list[str] = []
        attachments: dict[str, str] = {}
        for name, portal_facts in facts["portals"].items():
            portal = build_portal(name, plan)
            base = stack.enter_context(_serve_portal(portal))
            sources.append(_describe_source(portal_facts, base + portal_facts["source"]))
            reports |= {base + path: planned for path, planned in portal.reports.items()}
            notices += (base + path for path in portal.notices)
            missing += (base + path for path in portal.missing)
            attachments |= {base + path: base + page for path, page in portal.attachments.items()}
        refused = stack.enter_context(_refuse_connections())
        sources.append(_describe_source(facts["refused"], refused))
        yield Site(tuple(sources), reports, tuple(notices), tuple(missing), refused, attachments)


def _describe_source(facts: dict[str, Any], url: str) -> dict[str, Any]:
    region = {"region": facts["region"]} if "region" in facts else {}
    return {"name": facts["name"], "url": url, **region, "local": True}


@contextmanager
def _serve_portal(portal: Portal) -> Iterator[str]:
    """Serve a portal from a thread of its own; give its address without a closing slash."""
    server = _PortalServer(portal.resources)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _refuse_connections() -> Iterator[str]:
    """Give an address that refuses: a port bound, so that nobody takes it, but not listening."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield f"http://{LOOPBACK}:{taken.getsockname()[1]}/"


class _PortalServer(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, resources: dict[str, Resource]) -> None:
        super().__init__((LOOPBACK, 0), _PortalHandler)
        self.resources = resources


class _PortalHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD from the portal's resources, 304 to a known ETag or date."""

    server: _PortalServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def do_GET(self) -> None:
        resource = self.server.resources.get(urlsplit(self.path).path)
        if resource is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        tag = f'"{hashlib.sha256(resource.content).hexdigest()[:16]}"'
        changed_at = datetime.combine(resource.changed_on, time(1), UTC)
        validators = {"ETag": tag, "Last-Modified": format_datetime(changed_at, usegmt=True)}
        is_known = self.headers.get("If-None-Match") == tag or (
            "If-None-Match" not in self.headers
            and self.headers.get("If-Modified-Since") == validators["Last-Modified"]
        )
        self.send_response(HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK)
        for name, value in validators.items():
            self.send_header(name, value)
        if is_known:
            self.end_headers()
            return
        self.send_header("Content-Type", resource.media_type)
        self.send_header("Content-Length", str(len(resource.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(resource.content)

    do_HEAD = do_GET  # noqa: N815 (the name that the base class looks for)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (base class)
        log.debug(format, *args)
