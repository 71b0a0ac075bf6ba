"""The run-time headers that emitted code includes."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

#: Where they are.
INCLUDE = Path(__file__).resolve().parent.parent / "include"


@functools.cache
def headers() -> str:
    """A fingerprint of all of them."""
    digest = hashlib.sha256()
    for path in sorted(INCLUDE.glob("*.h")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
