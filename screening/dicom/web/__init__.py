"""DICOM over HTTP (PS3.18) as far as it is DICOM: bodies in parts, data sets as JSON, frames; no web framework."""
