# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Stands for PyGObject-stubs, as far as the tests of our stub need it.

def require_version(namespace: str, version: str) -> None: ...
