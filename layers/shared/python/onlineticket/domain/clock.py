"""Moments as we write them: RFC 3339 in UTC, to the second."""

from datetime import UTC, datetime


def rfc3339(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
