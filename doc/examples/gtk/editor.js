// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A text editor that keeps a document locked while it is open: gjs -m editor.js DOCUMENT…
//
// The lock is DOCUMENT.lock. What is not saved yet is written to DOCUMENT.autosave
// every few seconds, which belongs to whoever has the lock. A document is saved by
// the button, and when its window is closed. Nothing here blocks the main loop.

import Adw from 'gi://Adw?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';
import Pango from 'gi://Pango';
import System from 'system';

const {ResponseAppearance} = Adw;
const {LockFileError, LockFileHolderState} = GLockFile;
const {PRIORITY_DEFAULT} = GLib;

Gio._promisify(Gio.File.prototype, 'delete_async');
Gio._promisify(Gio.File.prototype, 'load_contents_async');
Gio._promisify(Gio.File.prototype, 'query_info_async');
Gio._promisify(Gio.File.prototype, 'replace_contents_bytes_async', 'replace_contents_finish');

const PATIENCE = 300; // milliseconds, for somebody who is just closing the document
const AUTOSAVE_INTERVAL = 2; // seconds
const MAX_LINKS = 40; // as the kernel has it
const SIGTERM = 15;

// The responses to all dialogs: a name, a label and an appearance each.
const CLOSE = ['close', '_Cancel', ResponseAppearance.DEFAULT];
const READ_ONLY = ['open', 'Open _Read-Only', ResponseAppearance.SUGGESTED];
const TAKE_OVER = ['take-over', '_Take Over', ResponseAppearance.DESTRUCTIVE];
const DO_NOT_RESTORE = ['open', '_Do Not Restore', ResponseAppearance.DEFAULT];
const RESTORE = ['restore', '_Restore', ResponseAppearance.SUGGESTED];
const SAVE_ANYWAY = ['save', '_Save Anyway', ResponseAppearance.DESTRUCTIVE];
const DISCARD = ['discard', 'Close _Without Saving', ResponseAppearance.DESTRUCTIVE];

/** A failure of this kind does not keep the window open. */
function report(error) {
    printerr(error.message);
}

/** The file of the same name with a suffix behind it. */
function getSibling(file, suffix) {
    return Gio.File.new_for_uri(`${file.get_uri()}${suffix}`);
}

/** Follows symbolic links: a document must have one lock, whichever way one comes to it.
 * Links to folders on the way do not matter, for the lock is in the same folder then. */
async function follow(document, nLinks = 0) {
    const info = await document.query_info_async(Gio.FILE_ATTRIBUTE_STANDARD_SYMLINK_TARGET,
        Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS, PRIORITY_DEFAULT, null).catch(() => null);
    const target = info?.get_symlink_target();

    if (!target || nLinks >= MAX_LINKS)
        return document;
    return follow(document.get_parent().resolve_relative_path(target), nLinks + 1);
}

const EditorWindow = GObject.registerClass(
class EditorWindow extends Adw.ApplicationWindow {
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
        const header = new Adw.HeaderBar();
        header.pack_start(this._saveButton);

        this._bannerLabel = new Gtk.Label({
            wrap: true, wrap_mode: Pango.WrapMode.WORD_CHAR, justify: Gtk.Justification.CENTER,
            hexpand: true, margin_top: 6, margin_bottom: 6, margin_start: 18, margin_end: 18,
        });
        this._banner = new Gtk.InfoBar({revealed: false});
        this._banner.add_child(this._bannerLabel);
        // Insensitive before the document is loaded.
        this._view = new Gtk.TextView({
            editable: false, sensitive: false, wrap_mode: Gtk.WrapMode.WORD_CHAR,
            left_margin: 24, right_margin: 24, top_margin: 24, bottom_margin: 24,
        });
        this._buffer = this._view.buffer;
        this._buffer.connect('changed', () => this._onChanged());
        const box = new Gtk.Box({orientation: Gtk.Orientation.VERTICAL});
        box.append(header);
        box.append(this._banner);
        box.append(new Gtk.ScrolledWindow({child: this._view, vexpand: true}));
        this.content = box;

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

    _ask(heading, body, ...responses) {
        const dialog = new Adw.MessageDialog({transient_for: this, heading, body});
        for (const [response, label, appearance] of responses) {
            dialog.add_response(response, label);
            dialog.set_response_appearance(response, appearance);
            if (appearance === ResponseAppearance.SUGGESTED)
                dialog.default_response = response;
        }
        dialog.present();
        return new Promise(resolve => dialog.connect('response', (_, response) => {
            dialog.set_transient_for(null); // which may be gone before it
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
        if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
            throw error;
        if (!error.matches(LockFileError, LockFileError.LOCKED)) {
            return await this._ask('Document Cannot Be Locked', error.message, CLOSE,
                READ_ONLY) === 'open';
        }

        try {
            const holder = await this._lock.query_info_async(PRIORITY_DEFAULT,
                this._cancellable);
            let answer;
            if (holder.holder_state === LockFileHolderState.RUNNING) {
                answer = await this._ask('Document Is in Use', holder.describe(),
                    CLOSE, READ_ONLY);
            } else {
                answer = await this._ask('Document May Be in Use', holder.describe(),
                    CLOSE, READ_ONLY, TAKE_OVER);
            }
            if (answer !== 'take-over')
                return answer === 'open';
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
        switch (await this._ask('Restore Unsaved Changes?', who, DO_NOT_RESTORE, RESTORE)) {
        case 'restore':
            // It is not ours any more if the lock was lost during the question.
            return this._lock.is_locked() ? this._autosave : this._document;
        case 'open':
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
        // That the lock was lost meanwhile is worse.
        if (!isLocked && !this._banner.revealed)
            this._showBanner(Gtk.MessageType.INFO, 'Opened for reading only');
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
        const discard = isClosing ? [DISCARD] : [];
        let answer = 'save';

        if (!this._lock.is_locked()) {
            answer = await this._ask('Save Without the Lock?',
                'Others may have changed the document. Saving would overwrite what they did.',
                CLOSE, SAVE_ANYWAY, ...discard);
        }
        if (answer === 'save') {
            // Now, for what is typed while it is being written is not saved.
            this._buffer.set_modified(false);
            try {
                await this._write(this._document);
                await this._deleteAutosave();
            } catch (error) {
                this._buffer.set_modified(true);
                answer = await this._ask('Document Could Not Be Saved', error.message, CLOSE,
                    ...discard);
            }
        }
        if (answer === 'discard')
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
const application = new Adw.Application({
    flags: Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN,
});
application.connect('open', (_, documents) => {
    for (const document of documents) {
        application.hold();
        follow(document)
            .then(followed => new EditorWindow(application, followed).present())
            .catch(report)
            .finally(() => application.release());
    }
});
// At the end of the session, or of the patience of who started this: as if the user had
// closed all windows.
GLib.unix_signal_add(PRIORITY_DEFAULT, SIGTERM, () => {
    application.get_windows().forEach(window => window.close());
    return GLib.SOURCE_CONTINUE;
});
application.connect('activate', () => printerr('Usage: gjs -m editor.js DOCUMENT…'));
System.exit(application.run([System.programInvocationName, ...ARGV]));
