"""From bytes to a report, without network, disk, clock, Prefect or Great Expectations."""
