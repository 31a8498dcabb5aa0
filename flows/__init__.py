"""In what order things happen: one Prefect flow a file, and the command line."""

from storage.settings import silence_telemetry

silence_telemetry()
