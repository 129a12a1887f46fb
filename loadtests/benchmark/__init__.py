"""The same work on the services and on what people would pick instead, side by side."""
