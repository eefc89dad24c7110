"""Sample systems that are real emitters: what a newcomer sees first and what a company copies to instrument its own.

Six small systems run as processes of their own, call each other over HTTP and report to the platform over the wire
only: OTLP/gRPC, OTLP/HTTP and CloudEvents. Nothing here imports another room. `plan` decides what happens to each
order (pure, by seed), `history` and `live` let it happen, `truth` writes down what really did.
"""

from sample_flows.plan import Order, Step, order_history, plan_order
from sample_flows.promises import Promise, promises_of
from sample_flows.truth import truth_of

__all__ = ["Order", "Promise", "Step", "order_history", "plan_order", "promises_of", "truth_of"]
