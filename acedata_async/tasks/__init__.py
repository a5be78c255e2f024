"""From a task id to its outcome."""
