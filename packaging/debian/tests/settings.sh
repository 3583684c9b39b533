# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# For the tests beside it: works in a folder with the examples and the settings
# that they count in.

set -eu

folder=${AUTOPKGTEST_TMP:-$(mktemp -d)}
cp doc/examples/example* "$folder"
cd "$folder"

# updates_settings COMMAND...
updates_settings () {
  printf '[window]\nopened=41\n' >settings.ini
  "$@"
  grep -qx opened=42 settings.ini
  test ! -e settings.ini.lock
}
