# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# What the pages tell to type, in a folder with the examples. Run by tests/doc.

cc example.c -o example $(pkg-config --cflags --libs glockfile-1.0)
printf '[window]\nopened=0\n' >settings.ini
./example
valac --pkg glockfile-1.0 -o example-vala example.vala
./example-vala
python3 example.py
gjs -m example.js
G_MESSAGES_DEBUG=GLockFile ./example
