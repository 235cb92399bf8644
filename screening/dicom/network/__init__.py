"""DICOM over the network: who may send, what is accepted, and how each object is answered."""
