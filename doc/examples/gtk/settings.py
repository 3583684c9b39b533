# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A window that changes a settings file which other programs change too: settings.py FILE

To save, it waits for FILE.lock as long as its user likes, then reads, changes and
writes the file, so that nothing is lost that others wrote meanwhile. Nothing here
blocks the main loop.
"""

import sys

import gi
gi.require_version('Adw', '1')
gi.require_version('GLockFile', '1.0')
gi.require_version('Gtk', '4.0')
from gi.repository import Adw, Gio, GLib, GLockFile, Gtk

GROUP = 'text'
KEY = 'font-size'


def load_finish(file, result):
    """Answers a key file; one that is not there yet is empty."""
    settings = GLib.KeyFile()
    try:
        _, contents, _ = file.load_contents_finish(result)
        settings.load_from_bytes(GLib.Bytes.new(contents), GLib.KeyFileFlags.KEEP_COMMENTS)
    except GLib.Error as error:
        if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND):
            raise
    return settings


class SettingsWindow(Adw.ApplicationWindow):
    def __init__(self, application, file):
        super().__init__(application=application, title='Settings',
                         default_width=480, default_height=320)

        self.file = file
        self.lock = GLockFile.LockFile.new(file.get_path() + '.lock')
        self.lock.connect('lost', self.on_lost)
        self.cancellable = None  # only while saving
        self.error = None  # what went wrong with that first
        self.is_closing = False  # when it has ended

        self.save_button = Gtk.Button(label='_Save', use_underline=True,
                                      css_classes=['suggested-action'])
        self.save_button.connect('clicked', self.on_save)
        header = Adw.HeaderBar()
        header.pack_start(self.save_button)

        self.font_size = Gtk.SpinButton.new_with_range(6, 72, 1)
        self.font_size.set_value(11)
        self.font_size.set_valign(Gtk.Align.CENTER)
        font_size_row = Adw.ActionRow(title='_Font Size', use_underline=True,
                                      activatable_widget=self.font_size)
        font_size_row.add_suffix(self.font_size)

        cancel_button = Gtk.Button(label='_Cancel', use_underline=True, valign=Gtk.Align.CENTER)
        cancel_button.connect('clicked', lambda _: self.cancellable.cancel())
        self.waiting_row = Adw.ActionRow(title='Waiting for another program…')
        self.waiting_row.add_prefix(Gtk.Spinner(spinning=True))
        self.waiting_row.add_suffix(cancel_button)
        self.error_row = Adw.ActionRow(icon_name='dialog-error-symbolic', visible=False,
                                       use_markup=False)  # a file's name is none

        group = Adw.PreferencesGroup(title='Text',
                                     description='Other programs change these settings, too.')
        group.add(font_size_row)
        group.add(self.waiting_row)
        group.add(self.error_row)
        page = Adw.PreferencesPage()
        page.add(group)
        self.toasts = Adw.ToastOverlay(child=page, vexpand=True)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        box.append(header)
        box.append(self.toasts)
        self.set_content(box)

        self.connect('close-request', self.on_close_request)
        self.show_is_saving(False)
        # The file is always replaced as a whole, so who only reads it needs no lock.
        self.file.load_contents_async(None, self.on_shown)

    def show_error(self, title, error):
        self.error_row.set_title(title)
        self.error_row.set_subtitle(error.message)
        self.error_row.set_visible(True)

    def show_is_saving(self, is_saving):
        self.waiting_row.set_visible(is_saving)
        self.save_button.set_sensitive(not is_saving)

    def on_shown(self, file, result):
        try:
            self.font_size.set_value(load_finish(file, result).get_integer(GROUP, KEY))
        except GLib.Error as error:
            if error.domain != GLib.quark_to_string(GLib.KeyFile.error_quark()):
                self.show_error('Settings Could Not Be Read', error)

    def on_save(self, _):
        self.error = None
        self.cancellable = Gio.Cancellable()
        self.show_is_saving(True)
        self.error_row.set_visible(False)
        self.lock.lock_async(GLib.PRIORITY_DEFAULT, self.cancellable, self.on_locked)

    def on_locked(self, lock, result):
        try:
            lock.lock_finish(result)
        except GLib.Error as error:
            self.end(error)
        else:
            self.file.load_contents_async(self.cancellable, self.on_loaded)

    def on_loaded(self, file, result):
        try:
            settings = load_finish(file, result)
        except GLib.Error as error:
            self.unlock(error)
            return
        settings.set_integer(GROUP, KEY, self.font_size.get_value_as_int())
        text, _ = settings.to_data()
        file.replace_contents_bytes_async(GLib.Bytes.new(text.encode()), None, False,
                                          Gio.FileCreateFlags.NONE, None, self.on_written)

    def on_written(self, file, result):
        try:
            file.replace_contents_finish(result)
        except GLib.Error as error:
            self.unlock(error)
        else:
            self.unlock()

    def on_lost(self, _, error):
        """Nothing is written then, if it is not too late; and unlocking does not tell it again."""
        self.error = self.error or error
        self.cancellable.cancel()

    def unlock(self, error=None):
        self.error = self.error or error
        self.lock.unlock_async(GLib.PRIORITY_DEFAULT, None, self.on_unlocked)

    def on_unlocked(self, lock, result):
        try:
            lock.unlock_finish(result)
        except GLib.Error as error:
            self.end(self.error or error)
        else:
            self.end(self.error)

    def end(self, error):
        self.cancellable = None
        self.show_is_saving(False)
        if error is None:
            self.toasts.add_toast(Adw.Toast(title='Settings saved'))
        elif not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED):
            self.show_error('Settings Could Not Be Saved', error)
        if self.is_closing:
            self.close()

    def on_close_request(self, _):
        if self.cancellable is None:
            return False
        self.is_closing = True
        self.cancellable.cancel()
        return True


def on_open(application, files, *_):
    for file in files:
        SettingsWindow(application, file).present()


GLib.set_application_name('Settings')
application = Adw.Application(
    flags=Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN)
application.connect('open', on_open)
application.connect('activate', lambda _: print('Usage: settings.py FILE', file=sys.stderr))
sys.exit(application.run(sys.argv))
