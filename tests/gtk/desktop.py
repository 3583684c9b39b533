# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A desktop of its own: an X server that needs no screen, and a bus for the programs on it.

A program is read and operated in the way of a screen reader, through AT-SPI.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib

TIME_LIMIT = 30
PAUSE = 0.02

ACCESSIBLE = 'org.a11y.atspi.Accessible'
ACTION = 'org.a11y.atspi.Action'
EDITABLE_TEXT = 'org.a11y.atspi.EditableText'
TEXT = 'org.a11y.atspi.Text'
VALUE = 'org.a11y.atspi.Value'
REGISTRY = ('org.a11y.atspi.Registry', '/org/a11y/atspi/accessible/root')

STATE_EDITABLE = 7
STATE_SENSITIVE = 24

# What belongs to the user who runs the tests has no part in them.
ENVIRONMENT = {
    'ADW_DISABLE_PORTAL': '1',
    'GDK_BACKEND': 'x11',
    'G_DEBUG': 'fatal-criticals',  # GTK is not free of warnings
    'GIO_USE_VFS': 'local',
    'GSETTINGS_BACKEND': 'memory',
    'GSK_RENDERER': 'cairo',
    'GTK_A11Y': 'atspi',
    'GTK_IM_MODULE': 'gtk-im-context-simple',
    'LC_ALL': 'C.UTF-8',
    'TZ': 'UTC',
}

FOREIGN = {
    'AT_SPI_BUS_ADDRESS',
    'LD_PRELOAD',  # a sanitizer of the library: it does not belong into the servers
    'WAYLAND_DISPLAY',
}

# As in GNOME, but nothing is to move while a picture is taken.
SETTINGS = '''
[Settings]
gtk-cursor-blink=false
gtk-decoration-layout=:close
gtk-enable-animations=false
gtk-font-name=Cantarell 11
'''


def wait_until(condition):
    """Answers what the condition comes to, as soon as that is something."""
    deadline = time.monotonic() + TIME_LIMIT
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(PAUSE)
    return result


def start_server(command, environment):
    """Starts a program that writes where it can be found to a descriptor, which takes
    the place of {} in its command. Answers the process and what it wrote."""
    reader, writer = os.pipe()
    with open(reader) as answer:
        process = subprocess.Popen([argument.format(writer) for argument in command],
                                   env=environment, pass_fds=[writer], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        return process, answer.readline().strip()


class Desktop:
    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix='glockfile-desktop-')
        configuration = Path(self._folder.name, 'gtk-4.0')
        configuration.mkdir()
        (configuration / 'settings.ini').write_text(SETTINGS)
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in FOREIGN}
        self.environment |= ENVIRONMENT | {'XDG_RUNTIME_DIR': self._folder.name,
                                           'XDG_CONFIG_HOME': self._folder.name}
        self._x_server, display = start_server(
            ['Xvfb', '-displayfd', '{}', '-screen', '0', '1024x768x24', '-noreset',
             '-nolisten', 'tcp'], self.environment)
        self.environment['DISPLAY'] = f':{display}'
        self._bus_server, address = start_server(
            ['dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address={}'],
            self.environment)
        self.environment['DBUS_SESSION_BUS_ADDRESS'] = address

        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                 | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self._session_bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        address, = self._session_bus.call_sync('org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus',
                                               'GetAddress', None, None, 0, -1, None).unpack()
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        return self

    def __exit__(self, *_):
        self.bus.close_sync()
        self._session_bus.close_sync()
        # The accessibility bus ends with the session's.
        for server in self._bus_server, self._x_server:
            server.terminate()
            server.wait(TIME_LIMIT)
        self._folder.cleanup()

    def call(self, reference, interface, method, *arguments):
        """Calls a method of an object, which is named by its program's name on the
        accessibility bus and its path."""
        signature, values = arguments or ('()', ())
        return self.bus.call_sync(*reference, interface, method, GLib.Variant(signature, values),
                                  None, 0, TIME_LIMIT * 1000, None).unpack()

    def process_of(self, bus_name):
        return self.call(('org.freedesktop.DBus', '/org/freedesktop/DBus'), 'org.freedesktop.DBus',
                         'GetConnectionUnixProcessID', '(s)', (bus_name,))[0]


class Element:
    """A widget as it is told to those who cannot see it."""

    def __init__(self, desktop, reference):
        self._desktop = desktop
        self._reference = reference
        self.role, = self._call(ACCESSIBLE, 'GetRoleName')
        self.children = [Element(desktop, child)
                         for child in self._call(ACCESSIBLE, 'GetChildren')[0]]
        states, = self._call(ACCESSIBLE, 'GetState')
        self._states = states[0] | states[1] << 32
        interfaces, = self._call(ACCESSIBLE, 'GetInterfaces')
        if TEXT in interfaces:
            self.text, = self._call(TEXT, 'GetText', '(ii)', (0, GLib.MAXINT))
        else:
            # What is written on a button counts, or what its picture means.
            name, = self._call('org.freedesktop.DBus.Properties', 'Get', '(ss)',
                               (ACCESSIBLE, 'Name'))
            self.text = next((element.text for element in self if element.role == 'label'), name)

    def __iter__(self):
        """All that is inside."""
        for child in self.children:
            yield child
            yield from child

    def _call(self, *arguments):
        return self._desktop.call(self._reference, *arguments)

    @property
    def is_sensitive(self):
        return bool(self._states >> STATE_SENSITIVE & 1)

    @property
    def is_editable(self):
        return bool(self._states >> STATE_EDITABLE & 1)

    def press(self):
        assert self._call(ACTION, 'DoAction', '(i)', (0,)) == (True,), self.text

    def append(self, text):
        assert self._call(EDITABLE_TEXT, 'InsertText', '(isi)',
                          (len(self.text), text, len(text))) == (True,), self.text

    def set_value(self, value):
        self._call('org.freedesktop.DBus.Properties', 'Set', '(ssv)',
                   (VALUE, 'CurrentValue', GLib.Variant('d', value)))


class Program:
    """A program with windows on the desktop."""

    def __init__(self, desktop, command, **environment):
        self._desktop = desktop
        environment = desktop.environment | environment
        if 'LD_PRELOAD' in os.environ:
            environment['LD_PRELOAD'] = os.environ['LD_PRELOAD']
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.kill()

    def kill(self):
        self._process.kill()
        self._process.wait()

    def wait_for_end(self):
        status = self._process.wait(TIME_LIMIT)
        assert status == 0, f'exit status {status}'

    def elements(self):
        """All that is in its windows."""
        assert self._process.poll() is None, f'exit status {self._process.returncode}'
        try:
            for reference in self._desktop.call(REGISTRY, ACCESSIBLE, 'GetChildren')[0]:
                if self._desktop.process_of(reference[0]) == self.pid:
                    return list(Element(self._desktop, reference))
        except GLib.Error:
            pass  # something vanished while it was being looked at
        return []

    def find(self, role, is_it=lambda text: True):
        """Waits for an element that can be used, of this role, whose text is it."""
        try:
            return wait_until(lambda: [element for element in self.elements()
                                       if element.role == role and element.is_sensitive
                                       and is_it(element.text)])[0]
        except TimeoutError:
            shown = [(element.role, element.text) for element in self.elements() if element.text]
            raise AssertionError(f'there is no such {role}, but {shown}') from None

    def label(self, part):
        return self.find('label', lambda text: part in text)

    def button(self, label):
        return self.find('button', lambda text: text == label)

    def buttons(self):
        """What is written on the buttons that can be pressed."""
        return {element.text for element in self.elements()
                if element.role == 'button' and element.is_sensitive}

    def text_box(self):
        return self.find('text box')

    def close(self):
        self.button('Close').press()
        self.wait_for_end()
