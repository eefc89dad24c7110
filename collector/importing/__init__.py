"""File import: a CSV, JSON lines or Parquet file and a mapping become log records, exactly once."""

from collector.importing.importer import import_file
from collector.importing.mapping import ImportMapping, load_mapping
from collector.importing.paths import check_file
from collector.importing.report import ImportProgress, ImportReport

__all__ = ["ImportMapping", "ImportProgress", "ImportReport", "check_file", "import_file", "load_mapping"]
