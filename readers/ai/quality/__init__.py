"""Notes a radiographer can use on one image: was it positioned, exposed and processed as it should be.

The criteria are the common ones of positioning assessment (PGMI, EUREF's image criteria); what is measured and when it
becomes a note stands in each module. A note never blocks a read. numpy and scipy only, and fast, because every image
of every exam passes here.
"""

from readers.ai.quality.measuring import Findings, findings, measure

__all__ = ["Findings", "findings", "measure"]
