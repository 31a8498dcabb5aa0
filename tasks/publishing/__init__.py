"""What is made from the lake for its readers: dictionary, flat files, DuckDB views, releases."""
