"""Commissioning: a model proves itself on exams with known truth before its scores may count as a read.

Limits come first and are data; figures, verdict, report and signature follow from them. Nothing here runs a model.
"""
