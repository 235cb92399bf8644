"""Measurements of the hot paths, each printed beside a peer of the same run."""
