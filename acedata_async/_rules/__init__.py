"""The rules that decide: plain functions and small state machines, fed with values.

Nothing in here waits, reads a clock or speaks to the network.
"""
