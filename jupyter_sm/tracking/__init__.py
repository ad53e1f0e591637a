"""The workers that keep the store in step with the targets. Faces go through `desk`."""
