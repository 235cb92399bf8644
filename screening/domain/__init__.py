"""The rules of double reading: plain Python, frozen values, pure functions; no clock, no random ids, no I/O."""
