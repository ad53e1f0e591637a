"""The Jupyter server extension: routes, events, and the trackers' life in the server."""
