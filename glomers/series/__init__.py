"""The series as a whole: the papermill batch, the HTML export, and the checks."""

import sys
from types import ModuleType
from typing import cast

# jsonschema, which nbformat needs, compiles a grammar for international addresses (IRIs) when it
# is imported: more than a second of every process here, for a format that no notebook uses. It is
# an optional extra of jsonschema's, left out when it cannot be imported.
sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
