"""AI readers that are another product: its CAD report in the exam, or its service over HTTP."""
