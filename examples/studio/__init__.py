"""Studio: a small web service that makes songs, on one ledger.

    python -m examples.studio --sandbox     # on a fake vendor: free, and without a token
    python -m examples.studio               # for real, and for money

The path of one order: `desk` takes it and writes it down, `production` hands it to one bulk run
without an end, `ledger` tells what became of it, `songs` puts that into words for the page, and
`board` sends it to everybody who looks on. `app` wires these, `guard` stands before all of them.
The page is in `static/`: HTML, CSS and JavaScript as they are, without a build.
"""
