"""Reads published checkpoints into a folder this project can load: weights as safetensors, a card, nothing executable.

An imported model is not commissioned: it can be tried, compared and commissioned on local exams, and cannot act as a
reader before that. `python -m models.importers --help`; steps per model: `docs/importing-models.md`.
"""
