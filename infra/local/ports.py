"""Ports on this machine: free ones by default, so that two checkouts run side by side."""

import os
import socket

from infra.local.errors import LocalCloudError

HOST = "127.0.0.1"


VARIABLES = ("GATEWAY_PORT", "POSTGRES_PORT", "ANVIL_PORT")


def pick(variable: str) -> int:
    """The port that the environment asks for under `variable`, else any free one.

    Raises:
        LocalCloudError: the port asked for is taken, or is no port.
    """
    asked = os.environ.get(variable, "")
    if not asked:
        return free()
    if not asked.isdigit() or not 0 < int(asked) < 65536:
        raise LocalCloudError(f"{variable}={asked} is not a port number.")
    if not is_free(int(asked)):
        raise LocalCloudError(
            f"Port {asked} ({variable}) is taken by another program: stop that, or choose another."
        )
    return int(asked)


def free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
