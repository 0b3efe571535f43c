"""What can go wrong on the way up, as sentences for the person at the terminal."""


class LocalCloudError(Exception):
    """The message is one sentence that says what failed and where to look."""


class Stopping(LocalCloudError):
    """A step wanted to start something while the run was being taken down."""


class NodeRefused(LocalCloudError):
    """The EVM node answered a call with an error, such as a revert."""
