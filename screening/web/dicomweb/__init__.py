"""DICOMweb (PS3.18): store, search and retrieve over HTTP, on the same store as the DICOM listener."""
