"""What is said on the wire, as types: requests that are checked, replies that forgive."""
