"""Where things rest: table schemas, the raw archive, the Parquet lake, settings, reference data."""
