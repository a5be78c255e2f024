"""Examples: scripts to read and to copy from, and the service `examples.studio`."""
