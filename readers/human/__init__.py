"""Rules around human readers: worklist, leases, forms."""
