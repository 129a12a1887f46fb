"""Programs that run inside the ladder's containers, passed as text: the standard library, and redis-py."""
