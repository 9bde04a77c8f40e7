"""What a page to step through holds, unpacked."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html import unescape


def unpacked(text):
    """What was packed, as data."""
    return json.loads(gzip.decompress(base64.urlsafe_b64decode(text)))


def held(page):
    """What a page or a frame holds, run by run."""
    packed = re.findall('<script type="application/json" class="run">([^<]*)<', unescape(page))
    return list(map(unpacked, packed))
