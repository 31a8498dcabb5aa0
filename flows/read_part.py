"""Read one part of the archive for a run that waits for it."""

from __future__ import annotations

from prefect import flow
from pydantic import BaseModel, Field

from flows.parameters import CONFIG
from tasks.parts import read_part as read


class ReadPartParameters(BaseModel):
    """What a run of `read-part` is told by the run that started it."""

    model_config = CONFIG

    data: str = Field(title="Data folder", description="Data folder of the run that waits.")
    run: str = Field(title="Run", description="Where that run handed the part over.")
    number: int = Field(ge=0, le=1_000_000, title="Part", description="Number of the part.")


@flow(name="read-part", validate_parameters=True)
def read_part(parameters: ReadPartParameters) -> None:
    """Read archived pages that a run handed over, and hand back what they gave.

    It is started by `collect`, `check` and `read-again` where GOUJI_ENGINE is work-pool. It
    stores nothing and takes no lock.
    """
    read(parameters.data, parameters.run, parameters.number)


if __name__ == "__main__":
    raise SystemExit("read-part is started by other runs; see GOUJI_ENGINE in README.md")
