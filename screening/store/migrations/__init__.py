"""Schema versions, applied by `screening.store.migrate`; a version that has been released is never edited."""
