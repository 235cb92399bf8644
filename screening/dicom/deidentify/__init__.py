"""Stored objects without the identity of anybody: PS3.15 Annex E, Basic Profile with the options in `table.OPTIONS`.

Four lines of defence, each of which holds without the others: the table of the standard; nothing kept of free text or
bytes that is not on a short list; whatever the object or the store says of the woman is looked for in all that stays;
and only object classes whose content is understood are let through. Nothing here decides who may be exported.
"""
