"""Sample systems that are real emitters: what a newcomer sees first and what a company copies to instrument its own.

Twelve small systems in a few processes call each other over HTTP and report to the platform over the wire only:
OTLP/gRPC, OTLP/HTTP, CloudEvents and a file. Nothing here imports another room. `plans` decide what happens to each
case (pure, by seed), `faults` spoil them on demand, `history` and `live` let them happen, `truth` writes down what
really did, `verify` holds the platform to it.
"""

from sample_flows.case import Case, Step
from sample_flows.faults import FAULTS, UnknownFault, named, with_faults
from sample_flows.plans import case_history, plan_case
from sample_flows.promises import Promise, promises_of
from sample_flows.truth import truth_of

__all__ = [
    "FAULTS",
    "Case",
    "Promise",
    "Step",
    "UnknownFault",
    "case_history",
    "named",
    "plan_case",
    "promises_of",
    "truth_of",
    "with_faults",
]
