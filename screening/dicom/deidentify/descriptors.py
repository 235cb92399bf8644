"""Descriptors made of nothing but words of mammography (PS3.15 E.3.5), and the empty text for all others.

A list of what may stay is the only one that can be complete: no list of names is.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = """
2d 3d acquisition additional air and anterior ap axilla axillary bi bilat bilateral both breast breasts cad cc cleavage
combo compression contrast conventional curr current cv cview dbt digital dm dx eklund energy enhanced ffdm follow for
full generated hd high image images implant implants in insight intelligent lat lateral lcc left lm lml lmlo lmo low
mag magn magnification mammo mammogram mammograms mammography medial mg ml mlo modality multi nipple oblique of only
partial premium presentation preview prior prj processing proj projection projections quality raw rcc recon
reconstructed reconstruction right rml rmlo routine screen screening series sio slab slabs slice slices spot standard
std stereo study synth synthesized synthetic tomo tomohd tomosynthesis unilateral up view views volume volumes with
xccl xccm
"""

WORDS: Final = frozenset(_WORDS.split())
"""Lower-case words; single letters and numbers of one or two digits also pass."""

_WORD: Final = re.compile(r"[^\W_]+")


def clean_descriptor(text: str) -> str:
    """The text when every word of it is known, else "".

    >>> clean_descriptor("Mammography, Screening - Bilateral 2D")
    'Mammography, Screening - Bilateral 2D'
    >>> clean_descriptor("Mammography Mrs Jansen")
    ''
    """
    words = _WORD.findall(text.lower())
    known = all(word in WORDS or len(word) == 1 or (word.isdigit() and len(word) == 2) for word in words)
    return text if known else ""
