"""In what order things happen: one Prefect flow a file, and the command line."""
