"""The HTTP face: JSON API and pages; parses requests, calls use cases, renders."""
