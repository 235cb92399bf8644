"""Trains the default model on phantoms, from seeds, and publishes weights, card and held-out scores.

Run by `python -m models.train`. Nothing here is needed to predict.
"""
