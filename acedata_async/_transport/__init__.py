"""Bytes out, bytes in: the one seam to the network."""
