"""The door's metrics, one line in CloudWatch's embedded metric format for each scan (25 µs).

How many were admitted at each gate is counted by `settle`, where each counts once.
"""

from time import perf_counter

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from onlineticket.domain.door import Verdict

_CONFLICTS = {"TICKET_ALREADY_USED", "TICKET_INSIDE", "TICKET_NOT_INSIDE", "QR_ALREADY_USED"}
"""Refusals because somebody passed before: a second ticket holder, or a copy of a code."""

_metrics = Metrics(namespace="OnlineTicket")


def scanned(began: float, verdict: Verdict) -> None:
    """A scan was answered; `began` is perf_counter()'s when it came in."""
    latency_ms = round(1000 * (perf_counter() - began), 3)
    _metrics.add_metric("qr_verify_latency_ms", MetricUnit.Milliseconds, latency_ms)
    conflict = int(verdict.refusal in _CONFLICTS)
    _metrics.add_metric("ticket_verify_conflicts", MetricUnit.Count, conflict)
    _metrics.flush_metrics()
