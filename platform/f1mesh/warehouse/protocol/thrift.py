"""The generated Thrift classes, which have no types of their own."""

from __future__ import annotations

from typing import Any

from databricks.sql.thrift_api.TCLIService import TCLIService as _service
from databricks.sql.thrift_api.TCLIService import ttypes as _types

types: Any = _types
processor: Any = _service.Processor
