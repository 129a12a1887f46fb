"""What a failed Docker or Compose command means, and what to do about it."""

from chaos.command import CommandError

_NO_ENGINE = (
    "Cannot connect to the Docker daemon",
    "error during connect",
    "failed to connect to the docker API",
)


def explain(error: CommandError, port: str = "8080") -> str:
    """What went wrong, and what to do about it. `port` is the gateway's."""
    if "port is already allocated" in error.errors or "address already in use" in error.errors:
        return f"port {port} is in use on 127.0.0.1: free it, or set GATEWAY_PORT to another one"
    if any(sign in error.errors for sign in _NO_ENGINE):
        return "no Docker engine answers: start it (`make setup` can), then try again"
    return str(error)
