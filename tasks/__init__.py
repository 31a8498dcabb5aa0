"""The steps of the pipeline: discover, fetch, read, check, store, alert."""
