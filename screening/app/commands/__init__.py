"""The commands of `secondread`, thin: parse, compose, call the use case, show."""
