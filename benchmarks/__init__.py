"""This client and the vendor's own SDK side by side, against one counting server."""
