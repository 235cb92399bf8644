"""Simulated women and readers with stated accuracy and dependence, for demos and simulations."""
