"""What leaves and enters in FHIR and HL7 v2."""
