"""From an outcome to a file."""
