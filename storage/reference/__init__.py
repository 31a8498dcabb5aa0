"""Divisions of China by year, and what is needed to find them in a text."""
