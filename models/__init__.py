"""Neural models, never database tables.

Everything that knows torch or timm lives here: phantom, preprocessing, networks, weights, engines, training.
This package imports nothing of the service; `readers.ai` and `screening.app` are its only users.
"""
