"""By how much clocks step, in seconds."""

HOUR = 3600
YEAR = 365 * 24 * HOUR
SIZES = [1, 30, HOUR, YEAR]
STEPS = [*SIZES, *(-size for size in SIZES)]
