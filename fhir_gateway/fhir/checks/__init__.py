"""One file per kind of fault a bundle can have; `validate` runs them all.

No finding repeats a value of the bundle, because values may be about a person.
"""
