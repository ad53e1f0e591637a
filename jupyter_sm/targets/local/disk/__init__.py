"""Where everything of the local target lies, and how its files are written and read.

Nothing here knows what a job does or how AWS's API tells of it.
"""
