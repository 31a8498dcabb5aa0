"""What must be true: the form's editions as data, the rules, and their enforcement."""

from storage.settings import silence_telemetry

silence_telemetry()  # Great Expectations reads its switches when it is imported
