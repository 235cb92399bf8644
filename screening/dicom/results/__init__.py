"""The result objects of an AI read: measurement report, presentation states, secondary capture, and who writes them."""
