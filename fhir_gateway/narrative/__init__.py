"""Reports as people read them, in English and Dutch, from the same data as the FHIR form."""
