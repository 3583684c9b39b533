// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A text editor that keeps a document locked while it is open: gjs -m editor.js DOCUMENT…
//
// The lock is DOCUMENT.lock. What is not saved yet is written to DOCUMENT.autosave
// every few seconds, which belongs to whoever has the lock. A document is saved by
// the button, and when its window is closed. Nothing here blocks the main loop.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';
import Pango from 'gi://Pango';
import System from 'system';

const {LockFileError, LockFileHolderState} = GLockFile;
const {PRIORITY_DEFAULT} = GLib;

Gio._promisify(Gio.File.prototype, 'delete_async');
Gio._promisify(Gio.File.prototype, 'load_contents_async');
Gio._promisify(Gio.File.prototype, 'query_info_async');
Gio._promisify(Gio.File.prototype, 'replace_contents_bytes_async', 'replace_contents_finish');

const PATIENCE = 300; // milliseconds, for somebody who is just closing the document
const AUTOSAVE_INTERVAL = 2; // seconds

// The answers to all dialogs.
const Response = {
    READ_ONLY: 1,
    RESTORE: 2,
    DO_NOT_RESTORE: 3,
    // These need a second thought.
    TAKE_OVER: 4,
    SAVE_ANYWAY: 5,
    DISCARD: 6,
};
const CANCEL = ['_Cancel', Gtk.ResponseType.CANCEL];

/** A failure of this kind does not keep the window open. */
function report(error) {
    printerr(error.message);
}

/** The file of the same name with a suffix behind it. */
function getSibling(file, suffix) {
    return Gio.File.new_for_uri(`${file.get_uri()}${suffix}`);
}

const EditorWindow = GObject.registerClass(
class EditorWindow extends Gtk.ApplicationWindow {
    constructor(application, document) {
        super({
            application, title: document.get_basename(), default_width: 640, default_height: 400,
        });

        this._document = document;
        this._autosave = getSibling(document, '.autosave');
        this._hasAutosave = false; // the file is there, and ours
        this._lock = GLockFile.LockFile.new_for_file(getSibling(document, '.lock'));
        // A document may be open for days: no age may decide that its editor is gone.
        this._lock.stale_lock_time = 0;
        this._lock.connect('lost', (_, error) => this._onLost(error));
        this._cancellable = new Gio.Cancellable();
        this._last = Promise.resolve();

        this._saveButton = new Gtk.Button({
            label: '_Save', use_underline: true, sensitive: false,
        });
        this._saveButton.connect('clicked', () => this._enqueue(() => this._save()));
        const header = new Gtk.HeaderBar();
        header.pack_start(this._saveButton);
        this.set_titlebar(header);

        this._bannerLabel = new Gtk.Label({
            wrap: true, wrap_mode: Pango.WrapMode.WORD_CHAR, xalign: 0, hexpand: true,
        });
        this._banner = new Gtk.InfoBar({revealed: false});
        this._banner.add_child(this._bannerLabel);
        // Insensitive before the document is loaded.
        this._view = new Gtk.TextView({
            editable: false, sensitive: false, wrap_mode: Gtk.WrapMode.WORD_CHAR,
            left_margin: 12, right_margin: 12, top_margin: 12,
        });
        this._buffer = this._view.buffer;
        this._buffer.connect('changed', () => this._onChanged());
        const box = new Gtk.Box({orientation: Gtk.Orientation.VERTICAL});
        box.append(this._banner);
        box.append(new Gtk.ScrolledWindow({child: this._view, vexpand: true}));
        this.child = box;

        this._enqueue(() => this._open());
    }

    /** Does one thing after another. */
    _enqueue(thing) {
        this._last = this._last.then(thing).catch(error => {
            if (!error.matches?.(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                this._showBanner(Gtk.MessageType.ERROR, error.message);
        });
    }

    // --- Showing and asking --------------------------------------------------------

    _showBanner(messageType, text) {
        this._bannerLabel.label = text;
        this._banner.message_type = messageType;
        this._banner.revealed = true;
    }

    _ask(text, secondaryText, ...buttons) {
        const dialog = new Gtk.MessageDialog({
            transient_for: this, modal: true, destroy_with_parent: true,
            message_type: Gtk.MessageType.QUESTION, text, secondary_text: secondaryText,
        });
        for (const [label, response] of buttons) {
            const button = dialog.add_button(label, response);
            if (response >= Response.TAKE_OVER)
                button.add_css_class('destructive-action');
            else
                dialog.set_default_response(response);
        }
        dialog.present();
        return new Promise(resolve => dialog.connect('response', (_, response) => {
            dialog.set_transient_for(null); // which may be gone before it
            dialog.destroy();
            resolve(response);
        }));
    }

    // --- Opening -------------------------------------------------------------------

    async _open() {
        const file = await this._acquire() && await this._chooseText();
        if (file)
            await this._load(file);
        else
            this.close();
    }

    /** Takes the lock, or asks what to do; answers whether to open the document. */
    async _acquire() {
        try {
            await this._lock.try_lock_async(PATIENCE, PRIORITY_DEFAULT, this._cancellable);
            return true;
        } catch (error) {
            return this._askWhatToDo(error);
        }
    }

    async _askWhatToDo(error) {
        const readOnly = ['_Read-Only', Response.READ_ONLY];

        if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
            throw error;
        if (!error.matches(LockFileError, LockFileError.LOCKED)) {
            return await this._ask('The document cannot be locked', error.message, CANCEL,
                readOnly) === Response.READ_ONLY;
        }

        try {
            const holder = await this._lock.query_info_async(PRIORITY_DEFAULT,
                this._cancellable);
            let answer;
            if (holder.holder_state === LockFileHolderState.RUNNING) {
                answer = await this._ask('The document is in use', holder.describe(),
                    CANCEL, readOnly);
            } else {
                answer = await this._ask('The document may be in use', holder.describe(),
                    CANCEL, readOnly, ['_Take Over', Response.TAKE_OVER]);
            }
            if (answer !== Response.TAKE_OVER)
                return answer === Response.READ_ONLY;
            await this._lock.remove_stale_async(PRIORITY_DEFAULT, this._cancellable);
        } catch (failure) {
            // It may have been removed in this moment; then the lock can be had.
            if (!failure.matches(LockFileError, LockFileError.NOT_FOUND))
                return this._askWhatToDo(failure);
        }
        return this._acquire();
    }

    /** Answers the file to be loaded, or null to close the window. */
    async _chooseText() {
        if (!this._lock.is_locked())
            return this._document;
        try {
            await this._autosave.query_info_async(Gio.FILE_ATTRIBUTE_STANDARD_TYPE,
                Gio.FileQueryInfoFlags.NONE, PRIORITY_DEFAULT, this._cancellable);
        } catch {
            return this._document;
        }

        // We have the lock, so the editor that wrote this is gone.
        this._hasAutosave = true;
        const who = this._lock.previous_holder?.describe() ?? 'The editor ended unexpectedly.';
        switch (await this._ask('Restore unsaved changes?', who,
            ['_Do Not Restore', Response.DO_NOT_RESTORE], ['_Restore', Response.RESTORE])) {
        case Response.RESTORE:
            return this._autosave;
        case Response.DO_NOT_RESTORE:
            return this._document;
        default:
            return null;
        }
    }

    async _load(file) {
        const isLocked = this._lock.is_locked();
        let contents = new Uint8Array();
        try {
            [contents] = await file.load_contents_async(this._cancellable);
        } catch (error) {
            // Who may write can also begin a new document.
            if (!isLocked || !error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND))
                throw error;
        }
        this._buffer.text = new TextDecoder('utf-8', {fatal: true}).decode(contents);
        this._buffer.set_modified(file === this._autosave);
        this._view.editable = isLocked;
        this._view.sensitive = true;
        this._view.grab_focus();
        this._saveButton.sensitive = isLocked;
        if (!isLocked)
            this._showBanner(Gtk.MessageType.INFO, 'Opened for reading only.');
    }

    _onLost(error) {
        this._hasAutosave = false; // whatever is there now
        this._showBanner(Gtk.MessageType.WARNING,
            `${error.message}. Others can change the document now.`);
    }

    // --- Saving --------------------------------------------------------------------

    async _write(file) {
        const bytes = new GLib.Bytes(new TextEncoder().encode(this._buffer.text));

        await file.replace_contents_bytes_async(bytes, null, false, Gio.FileCreateFlags.NONE, null);
    }

    async _save(isClosing) {
        const discard = isClosing ? [['Close _Without Saving', Response.DISCARD]] : [];
        let answer = Response.SAVE_ANYWAY;

        if (!this._lock.is_locked()) {
            answer = await this._ask('Save without the lock?',
                'Others may have changed the document. Saving would overwrite what they did.',
                CANCEL, ['_Save Anyway', Response.SAVE_ANYWAY], ...discard);
        }
        if (answer === Response.SAVE_ANYWAY) {
            // Now, for what is typed while it is being written is not saved.
            this._buffer.set_modified(false);
            try {
                await this._write(this._document);
                await this._deleteAutosave();
            } catch (error) {
                this._buffer.set_modified(true);
                answer = await this._ask('The document could not be saved', error.message, CANCEL,
                    ...discard);
            }
        }
        if (answer === Response.DISCARD)
            this._buffer.set_modified(false);
    }

    _onChanged() {
        const later = () => {
            this._autosaveTimer = 0;
            this._enqueue(() => this._writeAutosave());
            return GLib.SOURCE_REMOVE;
        };
        this._autosaveTimer ||=
            GLib.timeout_add_seconds(PRIORITY_DEFAULT, AUTOSAVE_INTERVAL, later);
    }

    async _writeAutosave() {
        if (!this._buffer.get_modified() || !this._lock.is_locked())
            return;
        await this._write(this._autosave);
        this._hasAutosave = this._lock.is_locked();
    }

    async _deleteAutosave() {
        if (!this._hasAutosave)
            return;
        this._hasAutosave = false;
        await this._autosave.delete_async(PRIORITY_DEFAULT, null).catch(report);
    }

    // --- Closing -------------------------------------------------------------------

    vfunc_close_request() {
        this._cancellable.cancel();
        this._enqueue(() => this._finish());
        return true;
    }

    async _finish() {
        if (this._buffer.get_modified())
            await this._save(true);
        if (this._buffer.get_modified())
            return;

        if (this._lock.is_locked()) {
            // A predecessor's is not deleted before the user has decided what to do with it.
            if (this._view.editable)
                await this._deleteAutosave();
            await this._lock.unlock_async(PRIORITY_DEFAULT, null).catch(report);
        }
        this.destroy();
    }
});

GLib.set_application_name('Text Editor');

// Every start is a process of its own, to see them exclude each other.
const application = new Gtk.Application({
    flags: Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN,
});
application.connect('open', (_, documents) => {
    for (const document of documents)
        new EditorWindow(application, document).present();
});
application.connect('activate', () => printerr('Usage: gjs -m editor.js DOCUMENT…'));
System.exit(application.run([System.programInvocationName, ...ARGV]));
