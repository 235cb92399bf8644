"""Rescoring an archive: where its exams are, how one is read, on one machine or a cluster, and how a run is led."""
