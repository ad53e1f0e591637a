"""Logs and metrics in the store: streams being read, blocks of entries and points, pages, search."""
