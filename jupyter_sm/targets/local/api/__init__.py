"""The operations of AWS's API that the local target answers, from what lies in its folders.

Nothing here runs a job; it is queued, and `runner/` takes it from there.
"""
