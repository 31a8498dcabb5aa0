"""Watch for corrections: fetch the pages of open alerts again."""

from __future__ import annotations

from prefect import flow
from pydantic import BaseModel

from flows.collect import CollectParameters, collect
from flows.parameters import CONFIG, DataFolder
from flows.summary import RunSummary
from storage.access import view_data
from storage.alerts import FIRING, list_alerts
from storage.documents import read_documents
from storage.outbox import FILE, open_outbox
from storage.settings import Settings, load_settings
from tasks.alerting.firing import FINDING
from tasks.fetching.source import is_address


class WatchParameters(BaseModel):
    """What a run of `watch-corrections` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    data: DataFolder = None


@flow(name="watch-corrections", validate_parameters=True)
def watch_corrections(
    parameters: WatchParameters = WatchParameters(),  # noqa: B008
) -> RunSummary | None:
    """Collect the pages of open alerts again; what changed is checked, told and closed.

    Returns None where no alert is open whose page could be fetched.
    """
    urls = list_watched(load_settings(parameters.data))
    if not urls:
        return None
    return collect(CollectParameters(sources=urls, data=parameters.data))


def list_watched(settings: Settings) -> list[str]:
    """List the pages of the reports with an open alert; of an attachment, the page it is on."""
    view_data(settings)
    if not (settings.data / FILE).exists():
        return []
    with open_outbox(settings.data) as connection:
        alerts = list_alerts(connection, FIRING, (FINDING,))
    documents = read_documents(settings.data).drop_nulls("page")
    pages = dict(documents.select("url", "page").iter_rows())
    urls = {pages.get(alert.url, alert.url) for alert in alerts if alert.url}
    return sorted(url for url in urls if is_address(url))


if __name__ == "__main__":
    watch_corrections()
