"""The pages and the REST API `/api/v1` on one FastAPI server. Asks the other rooms' readers; judges nothing."""

from dashboard.app import create_app, create_operations
from dashboard.services import ReadinessCheck, Services

__all__ = ["ReadinessCheck", "Services", "create_app", "create_operations"]
