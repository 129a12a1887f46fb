"""Why a benchmark has no result."""


class BenchmarkError(Exception):
    """It could not be measured, or what was measured is not what was asked for. One line."""
