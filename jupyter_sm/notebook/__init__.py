"""In the notebook: the one-line API, the Job handle, the magics and the card."""
