"""Formats of the OpenAPI document that Schemathesis does not know."""

import schemathesis
from hypothesis import strategies

# Local time without an offset, as the OpenAPI registry names it.
schemathesis.openapi.format("date-time-local", strategies.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat()))
