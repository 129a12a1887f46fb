"""What all tests share."""

import signal

# A shell ignores SIGINT for what it starts in the background, and so would every process that the
# tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
