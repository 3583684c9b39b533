# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

from typing import Any

PRIORITY_DEFAULT: int

class Error(RuntimeError):
    message: str
    domain: str
    code: int
    def matches(self, domain: str | int, code: int) -> bool: ...

class DateTime:
    def to_local(self) -> DateTime: ...
    def format(self, format: str) -> str | None: ...

def __getattr__(name: str) -> Any: ...
