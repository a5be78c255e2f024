"""The command line `acedata`; the only code that needs typer and rich.

The files: `app` puts the commands together; `songs`, `siblings`, `speech`, `voices`, `tasks`,
`bulk`, `ledger` with `resolving`, and `sandbox` are the commands; `options` is what they share;
`making` makes a song or a speech; `delivery` turns results into files; `session` runs one of them
from the connection to the exit code; `exits` is the table of exit codes; `output` writes to stdout
and stderr, and `progress` shows what is being waited for.

Of a bulk run, `bulk_options` is what it can be told, `survey` how it stands before it begins,
`rehearsal` says what it would do, `bulk_run` carries it out, `board` shows how it goes, `ctrl_c`
breaks it off, and `account` tells how it ended: `song` each of them, `spending` what was paid,
`advice` what to do now. `ledger_file` finds its ledger, and `entries` puts it in words.
"""
