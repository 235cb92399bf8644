"""Who reads: AI readers and the rules around human ones."""
