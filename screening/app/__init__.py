"""Composition root: the only place that builds adapters, reads settings and talks to a terminal."""
