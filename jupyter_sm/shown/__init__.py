"""What may be shown: secrets masked, and what others wrote as text that does nothing.

Pure functions over texts and plain data; all faces and the logs of ours go by them. What is run, or
sent to AWS, is as the user wrote it.
"""
