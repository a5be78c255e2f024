"""The command line `acedata`; the only code that needs typer and rich.

The files: `app` puts the commands together; `songs`, `siblings`, `tasks`, `jobs` and `sandbox`
are the commands; `options` is what they share; `making` makes a song; `delivery` turns results
into files; `session` runs one of them from the connection to
the exit code; `exits` is the table of exit codes; `output` writes to stdout and stderr, and
`progress` shows what is being waited for.
"""
