"""What users call, a class for each service."""
