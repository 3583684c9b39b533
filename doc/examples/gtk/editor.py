# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A text editor that keeps a document locked while it is open: editor.py DOCUMENT…

The lock is DOCUMENT.lock. What is not saved yet is written to DOCUMENT.autosave
every few seconds, which belongs to whoever has the lock. A document is saved by
the button, and when its window is closed. Nothing here blocks the main loop.
"""

import enum
import sys

import gi
gi.require_version('GLockFile', '1.0')
gi.require_version('Gtk', '4.0')
from gi.repository import Gio, GLib, GLockFile, Gtk, Pango

LockFileError = GLockFile.LockFileError

PATIENCE = 300  # milliseconds, for somebody who is just closing the document
AUTOSAVE_INTERVAL = 2  # seconds


# The answers to all dialogs.
class Response(enum.IntEnum):
    READ_ONLY = 1
    RESTORE = 2
    DO_NOT_RESTORE = 3
    # These need a second thought.
    TAKE_OVER = 4
    SAVE_ANYWAY = 5
    DISCARD = 6


CANCEL = ('_Cancel', Gtk.ResponseType.CANCEL)


def is_io_error(error, code):
    return error is not None and error.matches(Gio.io_error_quark(), code)


def is_lock_error(error, code):
    return error is not None and error.matches(LockFileError.quark(), code)


def sibling(file, suffix):
    """The file of the same name with a suffix behind it."""
    return Gio.File.new_for_uri(file.get_uri() + suffix)


class EditorWindow(Gtk.ApplicationWindow):
    def __init__(self, application, document):
        super().__init__(application=application, title=document.get_basename(),
                         default_width=640, default_height=400)

        self.document = document
        self.autosave = sibling(document, '.autosave')
        self.has_autosave = False  # the file is there, and ours
        self.autosave_timer = 0
        self.lock = GLockFile.LockFile.new_for_file(sibling(document, '.lock'))
        # A document may be open for days: no age may decide that its editor is gone.
        self.lock.set_stale_lock_time(0)
        self.lock.connect('lost', self.on_lost)
        self.cancellable = Gio.Cancellable()
        self.is_busy = False  # something is under way; nothing else begins before it ends
        self.is_closing = False  # then close the window

        self.save_button = Gtk.Button(label='_Save', use_underline=True, sensitive=False)
        self.save_button.connect('clicked', lambda _: self.save())
        header = Gtk.HeaderBar()
        header.pack_start(self.save_button)
        self.set_titlebar(header)

        self.banner_label = Gtk.Label(wrap=True, wrap_mode=Pango.WrapMode.WORD_CHAR, xalign=0,
                                      hexpand=True)
        self.banner = Gtk.InfoBar(revealed=False)
        self.banner.add_child(self.banner_label)
        # Insensitive before the document is loaded.
        self.view = Gtk.TextView(editable=False, sensitive=False, wrap_mode=Gtk.WrapMode.WORD_CHAR,
                                 left_margin=12, right_margin=12, top_margin=12)
        self.buffer = self.view.get_buffer()
        self.buffer.connect('changed', self.on_changed)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        box.append(self.banner)
        box.append(Gtk.ScrolledWindow(child=self.view, vexpand=True))
        self.set_child(box)

        self.connect('close-request', self.on_close_request)
        self.acquire()

    # --- Showing and asking ---------------------------------------------------------

    def show_banner(self, message_type, text):
        self.banner_label.set_label(text)
        self.banner.set_message_type(message_type)
        self.banner.set_revealed(True)

    def ask(self, text, secondary_text, *buttons):
        dialog = Gtk.MessageDialog(transient_for=self, modal=True, destroy_with_parent=True,
                                   message_type=Gtk.MessageType.QUESTION, text=text,
                                   secondary_text=secondary_text)
        for label, response in buttons:
            button = dialog.add_button(label, response)
            if response >= Response.TAKE_OVER:
                button.add_css_class('destructive-action')
            else:
                dialog.set_default_response(response)
        dialog.connect('response', self.on_response)
        dialog.present()

    def on_response(self, dialog, response):
        dialog.set_transient_for(None)  # which may be gone before it
        dialog.destroy()
        match response:
            case Response.READ_ONLY | Response.DO_NOT_RESTORE:
                self.load(self.document)
            case Response.RESTORE:
                self.load(self.autosave)
            case Response.TAKE_OVER:
                self.take_over()
            case Response.SAVE_ANYWAY:
                self.write_document()
            case Response.DISCARD:
                self.buffer.set_modified(False)
                self.close()
            case _:
                self.is_closing = False
                if not self.view.get_sensitive():
                    self.close()

    # --- One thing at a time --------------------------------------------------------

    def run(self, begin, finish, *arguments, then):
        """Does something asynchronously; afterwards THEN is called with what it came to
        and its error, unless the window is to be closed and nothing failed."""
        def done(_, result):
            value = error = None
            try:
                value = finish(result)
            except GLib.Error as failure:
                error = failure
            self.is_busy = False
            self.save_button.set_sensitive(self.view.get_editable())
            if not self.is_closing or error and not is_io_error(error, Gio.IOErrorEnum.CANCELLED):
                then(value, error)
            if self.is_closing and not self.is_busy:
                self.close()

        self.is_busy = True
        self.save_button.set_sensitive(False)
        begin(*arguments, done)

    # --- Locking --------------------------------------------------------------------

    def acquire(self):
        self.run(self.lock.try_lock_async, self.lock.try_lock_finish,
                 PATIENCE, GLib.PRIORITY_DEFAULT, self.cancellable, then=self.on_acquired)

    def on_acquired(self, _, error):
        if error:
            self.explain_failure(error)
        else:
            self.run(self.autosave.query_info_async, self.autosave.query_info_finish,
                     Gio.FILE_ATTRIBUTE_STANDARD_TYPE, Gio.FileQueryInfoFlags.NONE,
                     GLib.PRIORITY_DEFAULT, self.cancellable, then=self.on_autosave_queried)

    def explain_failure(self, error):
        if is_lock_error(error, LockFileError.LOCKED):
            self.run(self.lock.query_info_async, self.lock.query_info_finish,
                     GLib.PRIORITY_DEFAULT, self.cancellable, then=self.on_holder_queried)
        else:
            self.ask('The document cannot be locked', error.message,
                     CANCEL, ('_Read-Only', Response.READ_ONLY))

    def on_holder_queried(self, holder, error):
        if error:
            self.try_again(None, error)
        elif holder.get_holder_state() == GLockFile.LockFileHolderState.RUNNING:
            self.ask('The document is in use', holder.describe(),
                     CANCEL, ('_Read-Only', Response.READ_ONLY))
        else:
            self.ask('The document may be in use', holder.describe(),
                     CANCEL, ('_Read-Only', Response.READ_ONLY),
                     ('_Take Over', Response.TAKE_OVER))

    def take_over(self):
        self.run(self.lock.remove_stale_async, self.lock.remove_stale_finish,
                 GLib.PRIORITY_DEFAULT, self.cancellable, then=self.try_again)

    def try_again(self, _, error):
        """Unless the lock file is still there, the lock can be had now."""
        if not error or is_lock_error(error, LockFileError.NOT_FOUND):
            self.acquire()
        else:
            self.explain_failure(error)

    def on_lost(self, _, error):
        self.has_autosave = False  # whatever is there now
        self.show_banner(Gtk.MessageType.WARNING,
                         f'{error.message}. Others can change the document now.')

    # --- Loading --------------------------------------------------------------------

    def on_autosave_queried(self, info, _):
        self.has_autosave = info is not None
        if self.has_autosave:
            # We have the lock, so the editor that wrote this is gone.
            previous = self.lock.get_previous_holder()
            self.ask('Restore unsaved changes?',
                     previous.describe() if previous else 'The editor ended unexpectedly.',
                     ('_Do Not Restore', Response.DO_NOT_RESTORE),
                     ('_Restore', Response.RESTORE))
        else:
            self.load(self.document)

    def load(self, file):
        self.run(file.load_contents_async, file.load_contents_finish, self.cancellable,
                 then=lambda value, error: self.on_loaded(file, value, error))

    def on_loaded(self, file, value, error):
        is_locked = self.lock.is_locked()
        if is_locked and is_io_error(error, Gio.IOErrorEnum.NOT_FOUND):
            contents = b''  # a new document
        elif error:
            self.show_banner(Gtk.MessageType.ERROR, error.message)
            return
        else:
            _, contents, _ = value
        try:
            self.buffer.set_text(contents.decode())
        except UnicodeDecodeError:
            self.show_banner(Gtk.MessageType.ERROR, 'This is not a text in UTF-8.')
            return

        self.buffer.set_modified(file is self.autosave)
        self.view.set_editable(is_locked)
        self.view.set_sensitive(True)
        self.view.grab_focus()
        self.save_button.set_sensitive(is_locked)
        if not is_locked:
            self.show_banner(Gtk.MessageType.INFO, 'Opened for reading only.')

    # --- Saving ---------------------------------------------------------------------

    def write(self, file, then):
        text = self.buffer.get_text(*self.buffer.get_bounds(), True)
        self.run(file.replace_contents_bytes_async, file.replace_contents_finish,
                 GLib.Bytes.new(text.encode()), None, False, Gio.FileCreateFlags.NONE, None,
                 then=then)

    def write_document(self):
        # Now, for what is typed while it is being written is not saved.
        self.buffer.set_modified(False)
        self.write(self.document, self.on_document_written)

    def on_document_written(self, _, error):
        if error:
            self.buffer.set_modified(True)
            buttons = (CANCEL, *self.close_button())
            self.is_closing = False
            self.ask('The document could not be saved', error.message, *buttons)
        elif self.has_autosave:
            self.delete_autosave()

    def close_button(self):
        return [('Close _Without Saving', Response.DISCARD)] if self.is_closing else []

    def save(self):
        if self.lock.is_locked():
            self.write_document()
        else:
            self.ask('Save without the lock?',
                     'Others may have changed the document. Saving would overwrite what they did.',
                     CANCEL, ('_Save Anyway', Response.SAVE_ANYWAY), *self.close_button())

    def on_changed(self, _):
        if not self.autosave_timer:
            self.autosave_timer = GLib.timeout_add_seconds(AUTOSAVE_INTERVAL, self.write_autosave)

    def write_autosave(self):
        if self.is_busy:
            return GLib.SOURCE_CONTINUE
        self.autosave_timer = 0
        if self.buffer.get_modified() and self.lock.is_locked():
            self.write(self.autosave, self.on_autosave_written)
        return GLib.SOURCE_REMOVE

    def on_autosave_written(self, _, error):
        if error:
            self.show_banner(Gtk.MessageType.ERROR, error.message)
        else:
            self.has_autosave = self.lock.is_locked()

    def delete_autosave(self):
        self.has_autosave = False
        self.run(self.autosave.delete_async, self.autosave.delete_finish,
                 GLib.PRIORITY_DEFAULT, None, then=self.report)

    # --- Closing --------------------------------------------------------------------

    def on_close_request(self, _):
        """Begins one of the things that are to be done before the window can go; when it
        has ended, this is called again for the next."""
        self.is_closing = True
        if self.is_busy:
            self.cancellable.cancel()
        elif self.buffer.get_modified():
            self.save()
        elif not self.lock.is_locked():
            return False
        elif self.has_autosave and self.view.get_editable():
            # A predecessor's is not deleted before the user has decided what to do with it.
            self.delete_autosave()
        else:
            self.run(self.lock.unlock_async, self.lock.unlock_finish,
                     GLib.PRIORITY_DEFAULT, None, then=self.report)
        return True

    def report(self, _, error):
        """A failure of this kind does not keep the window open."""
        if error:
            print(error.message, file=sys.stderr)


def on_open(application, documents, *_):
    for document in documents:
        EditorWindow(application, document).present()


GLib.set_application_name('Text Editor')
# Every start is a process of its own, to see them exclude each other.
application = Gtk.Application(
    flags=Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN)
application.connect('open', on_open)
application.connect('activate', lambda _: print('Usage: editor.py DOCUMENT…', file=sys.stderr))
sys.exit(application.run(sys.argv))
