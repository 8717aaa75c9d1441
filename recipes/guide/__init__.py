"""The guide: short pages that answer one question each."""
