"""The demo: the sample site on loopback and a fresh folder for the main job to fill."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.folder import StorageError, explain_os_errors, prepare_folder
from tasks.sample.plan import plan_site
from tasks.sample.site import Site, serve_site

FOLDER = "demo"
SOURCES = "sources.yaml"
MARK = ".gouji-demo"  # only a folder with this file in it is ever emptied


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: the data folder to fill, and the site that is published."""

    folder: Path
    site: Site


@contextmanager
def open_demo(data: Path) -> Iterator[Demo]:
    """Serve the sample site, and empty a data folder whose source list names it.

    Raises:
        StorageError: the folder cannot be written, or holds data that is no earlier demo's.
    """
    folder = data / FOLDER
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise StorageError(
            f"data folder {folder}: expected none or an earlier demo, found other data; "
            "move it, or give another folder with --data"
        )
    with explain_os_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        prepare_folder(folder)
        (folder / MARK).touch()
        with serve_site(plan_site()) as site:
            site.write_sources(folder / SOURCES)
            yield Demo(folder, site)
