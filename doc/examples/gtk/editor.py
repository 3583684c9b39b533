# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A text editor that keeps a document locked while it is open: editor.py DOCUMENT…

The lock is DOCUMENT.lock. What is not saved yet is written to DOCUMENT.autosave
every few seconds, which belongs to whoever has the lock. A document is saved by
the button, and when its window is closed. Nothing here blocks the main loop.
"""

import signal
import sys

import gi
gi.require_version('Adw', '1')
gi.require_version('GLockFile', '1.0')
gi.require_version('Gtk', '4.0')
from gi.repository import Adw, Gio, GLib, GLockFile, Gtk, Pango

LockFileError = GLockFile.LockFileError

PATIENCE = 300  # milliseconds, for somebody who is just closing the document
AUTOSAVE_INTERVAL = 2  # seconds
MAX_LINKS = 40  # as the kernel has it

# The responses to all dialogs: a name, a label and an appearance each.
CLOSE = ('close', '_Cancel', Adw.ResponseAppearance.DEFAULT)
READ_ONLY = ('open', 'Open _Read-Only', Adw.ResponseAppearance.SUGGESTED)
TAKE_OVER = ('take-over', '_Take Over', Adw.ResponseAppearance.DESTRUCTIVE)
DO_NOT_RESTORE = ('open', '_Do Not Restore', Adw.ResponseAppearance.DEFAULT)
RESTORE = ('restore', '_Restore', Adw.ResponseAppearance.SUGGESTED)
SAVE_ANYWAY = ('save', '_Save Anyway', Adw.ResponseAppearance.DESTRUCTIVE)
DISCARD = ('discard', 'Close _Without Saving', Adw.ResponseAppearance.DESTRUCTIVE)


def is_io_error(error, code):
    return error is not None and error.matches(Gio.io_error_quark(), code)


def is_lock_error(error, code):
    return error is not None and error.matches(LockFileError.quark(), code)


def sibling(file, suffix):
    """The file of the same name with a suffix behind it."""
    return Gio.File.new_for_uri(file.get_uri() + suffix)


class EditorWindow(Adw.ApplicationWindow):
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
        header = Adw.HeaderBar()
        header.pack_start(self.save_button)

        self.banner_label = Gtk.Label(wrap=True, wrap_mode=Pango.WrapMode.WORD_CHAR,
                                      justify=Gtk.Justification.CENTER, hexpand=True,
                                      margin_top=6, margin_bottom=6,
                                      margin_start=18, margin_end=18)
        self.banner = Gtk.InfoBar(revealed=False)
        self.banner.add_child(self.banner_label)
        # Insensitive before the document is loaded.
        self.view = Gtk.TextView(editable=False, sensitive=False, wrap_mode=Gtk.WrapMode.WORD_CHAR,
                                 left_margin=24, right_margin=24, top_margin=24,
                                 bottom_margin=24)
        self.buffer = self.view.get_buffer()
        self.buffer.connect('changed', self.on_changed)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        box.append(header)
        box.append(self.banner)
        box.append(Gtk.ScrolledWindow(child=self.view, vexpand=True))
        self.set_content(box)

        self.connect('close-request', self.on_close_request)
        self.acquire()

    # --- Showing and asking ---------------------------------------------------------

    def show_banner(self, message_type, text):
        self.banner_label.set_label(text)
        self.banner.set_message_type(message_type)
        self.banner.set_revealed(True)

    def ask(self, heading, body, *responses):
        dialog = Adw.MessageDialog(transient_for=self, heading=heading, body=body)
        for response, label, appearance in responses:
            dialog.add_response(response, label)
            dialog.set_response_appearance(response, appearance)
            if appearance == Adw.ResponseAppearance.SUGGESTED:
                dialog.set_default_response(response)
        dialog.connect('response', self.on_response)
        dialog.present()

    def on_response(self, dialog, response):
        dialog.set_transient_for(None)  # which may be gone before it
        match response:
            case 'open':
                self.load(self.document)
            case 'restore':
                # It is not ours any more if the lock was lost during the question.
                self.load(self.autosave if self.lock.is_locked() else self.document)
            case 'take-over':
                self.take_over()
            case 'save':
                self.write_document()
            case 'discard':
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
            self.ask('Document Cannot Be Locked', error.message, CLOSE, READ_ONLY)

    def on_holder_queried(self, holder, error):
        if error:
            self.try_again(None, error)
        elif holder.get_holder_state() == GLockFile.LockFileHolderState.RUNNING:
            self.ask('Document Is in Use', holder.describe(), CLOSE, READ_ONLY)
        else:
            self.ask('Document May Be in Use', holder.describe(),
                     CLOSE, READ_ONLY, TAKE_OVER)

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
            self.ask('Restore Unsaved Changes?',
                     previous.describe() if previous else 'The editor ended unexpectedly.',
                     DO_NOT_RESTORE, RESTORE)
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
        # That the lock was lost meanwhile is worse.
        if not is_locked and not self.banner.get_revealed():
            self.show_banner(Gtk.MessageType.INFO, 'Opened for reading only')

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
            responses = [CLOSE, *self.discard_if_closing()]
            self.is_closing = False
            self.ask('Document Could Not Be Saved', error.message, *responses)
        elif self.has_autosave:
            self.delete_autosave()

    def discard_if_closing(self):
        return [DISCARD] if self.is_closing else []

    def save(self):
        if self.lock.is_locked():
            self.write_document()
        else:
            self.ask('Save Without the Lock?',
                     'Others may have changed the document. Saving would overwrite what they did.',
                     CLOSE, SAVE_ANYWAY, *self.discard_if_closing())

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


def follow(application, document, n_links=0):
    """Follows symbolic links: a document must have one lock, whichever way one comes to it.

    Links to folders on the way do not matter, for the lock is in the same folder then."""
    def on_followed(_, result):
        try:
            target = document.query_info_finish(result).get_symlink_target()
        except GLib.Error:
            target = None
        if target and n_links < MAX_LINKS:
            follow(application, document.get_parent().resolve_relative_path(target), n_links + 1)
        else:
            EditorWindow(application, document).present()
        application.release()

    application.hold()
    document.query_info_async(Gio.FILE_ATTRIBUTE_STANDARD_SYMLINK_TARGET,
                              Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS, GLib.PRIORITY_DEFAULT,
                              None, on_followed)


def on_open(application, documents, *_):
    for document in documents:
        follow(application, document)


def on_terminate(application):
    """At the end of the session, or of the patience of who started this: as if the user had
    closed all windows."""
    for window in application.get_windows():
        window.close()
    return GLib.SOURCE_CONTINUE


GLib.set_application_name('Text Editor')
# Every start is a process of its own, to see them exclude each other.
application = Adw.Application(
    flags=Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN)
application.connect('open', on_open)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, on_terminate, application)
application.connect('activate', lambda _: print('Usage: editor.py DOCUMENT…', file=sys.stderr))
sys.exit(application.run(sys.argv))
