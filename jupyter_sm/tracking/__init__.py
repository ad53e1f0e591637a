"""The workers that keep the store in step with the targets. Faces go through `desk`."""

# How long a call to a target that answers may hold up an end: such a one takes a second or two.
STOP_SECONDS = 5.0
