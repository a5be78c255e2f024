"""Many songs from one file, finished by running it again: a line for each job.

    jobs = read_jobs(Path("songs.jsonl").read_text(encoding="utf-8"))
    async with AceData() as ace:
        outcomes = await run_jobs(ace, jobs, "out/")

The files: `job` is one line, `form` reads and checks them all, `record` is what a directory
remembers of a job, `outcome` is how it stands, `gate` paces the paid calls, `progression` takes
one job from its line to its file, and `runner` runs them together.
"""

from acedata_async.jobs.form import read_jobs
from acedata_async.jobs.job import ACTIONS, Job
from acedata_async.jobs.outcome import JobOutcome, JobState
from acedata_async.jobs.runner import run_jobs, unsettled

__all__ = ["ACTIONS", "Job", "JobOutcome", "JobState", "read_jobs", "run_jobs", "unsettled"]
