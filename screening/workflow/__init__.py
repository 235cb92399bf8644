"""Use cases: one verb per file, over the ports; they order steps and record facts, and never commit."""
