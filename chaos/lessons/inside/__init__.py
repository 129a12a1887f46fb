"""Programs that run inside a lesson's containers: standard library only, passed as text."""
