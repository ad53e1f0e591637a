"""The kinds of job that the local target offers: one module each here, one row each in `OFFERED`."""

from jupyter_sm.targets.local.api import processing, training

OFFERED = (training.OFFER, processing.OFFER)
