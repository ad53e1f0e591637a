"""What runs jobs: the scheduler, and the supervisor that takes one job to its end.

Light to import, as every job starts a process of its own: the standard library, `disk/`, `logs/`
and the rows of `jobs/kinds`; no botocore, no service model and nothing of `api/`.
"""
