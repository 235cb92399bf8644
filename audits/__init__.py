"""What the programme looks like from outside: reads, never decides."""
