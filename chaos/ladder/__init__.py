"""The durability ladder: how deep a write is when it is acknowledged, and what each failure takes of it."""
