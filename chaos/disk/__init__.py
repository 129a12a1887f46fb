"""Disks that a store's volume is on, and that can lose their power or be full."""
