// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A window that changes a settings file which other programs change too:
// gjs -m settings.js FILE
//
// To save, it waits for FILE.lock as long as its user likes, then reads, changes and
// writes the file, so that nothing is lost that others wrote meanwhile. Nothing here
// blocks the main loop.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile';
import GObject from 'gi://GObject';
import Gtk from 'gi://Gtk?version=4.0';
import System from 'system';

Gio._promisify(Gio.File.prototype, 'load_contents_async');
Gio._promisify(Gio.File.prototype, 'replace_contents_bytes_async', 'replace_contents_finish');

const GROUP = 'text';
const KEY = 'font-size';

/** Answers a key file; one that is not there yet is empty. */
async function load(file, cancellable) {
    const settings = new GLib.KeyFile();

    try {
        const [contents] = await file.load_contents_async(cancellable);
        settings.load_from_bytes(new GLib.Bytes(contents), GLib.KeyFileFlags.KEEP_COMMENTS);
    } catch (error) {
        if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND))
            throw error;
    }
    return settings;
}

const SettingsWindow = GObject.registerClass(
class SettingsWindow extends Gtk.ApplicationWindow {
    constructor(application, file) {
        super({application, title: 'Settings', default_width: 480, default_height: 160});

        this._file = file;
        this._lock = GLockFile.LockFile.new_for_file(
            Gio.File.new_for_uri(`${file.get_uri()}.lock`));

        this._saveButton = new Gtk.Button({label: '_Save', use_underline: true});
        this._saveButton.connect('clicked', () => this._save());
        const header = new Gtk.HeaderBar();
        header.pack_start(this._saveButton);
        this.set_titlebar(header);

        this._fontSize = Gtk.SpinButton.new_with_range(6, 72, 1);
        this._fontSize.value = 11;
        const label = new Gtk.Label({
            label: '_Font size', use_underline: true, xalign: 0, mnemonic_widget: this._fontSize,
        });
        this._spinner = new Gtk.Spinner({spinning: true});
        this._status = new Gtk.Label({wrap: true, xalign: 0, hexpand: true});
        this._cancelButton = new Gtk.Button({label: '_Cancel', use_underline: true});
        this._cancelButton.connect('clicked', () => this._cancellable.cancel());
        const grid = new Gtk.Grid({
            row_spacing: 18, column_spacing: 12,
            margin_top: 24, margin_bottom: 24, margin_start: 24, margin_end: 24,
        });
        grid.attach(label, 0, 0, 2, 1);
        grid.attach(this._fontSize, 2, 0, 1, 1);
        grid.attach(this._spinner, 0, 1, 1, 1);
        grid.attach(this._status, 1, 1, 1, 1);
        grid.attach(this._cancelButton, 2, 1, 1, 1);
        this.child = grid;

        this._showStatus('');
        this._showSettings();
    }

    _showStatus(text) {
        const isSaving = Boolean(this._cancellable);

        this._status.label = text;
        this._spinner.visible = isSaving;
        this._cancelButton.visible = isSaving;
        this._saveButton.sensitive = !isSaving;
    }

    /** The file is always replaced as a whole, so who only reads it needs no lock. */
    async _showSettings() {
        try {
            this._fontSize.value = (await load(this._file, null)).get_integer(GROUP, KEY);
        } catch (error) {
            if (!(error instanceof GLib.KeyFileError))
                this._showStatus(error.message);
        }
    }

    async _save() {
        const cancellable = this._cancellable = new Gio.Cancellable();
        let outcome = 'Saved.';

        this._showStatus('Waiting for another program…');
        try {
            await this._lock.hold(async () => {
                const settings = await load(this._file, cancellable);
                settings.set_integer(GROUP, KEY, this._fontSize.value);
                const [text] = settings.to_data();
                const bytes = new GLib.Bytes(new TextEncoder().encode(text));
                await this._file.replace_contents_bytes_async(bytes, null, false,
                    Gio.FileCreateFlags.NONE, null);
            }, {cancellable});
        } catch (error) {
            outcome = error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED)
                ? 'Not saved.' : error.message;
        }
        this._cancellable = null;
        this._showStatus(outcome);
        if (this._isClosing)
            this.close();
    }

    vfunc_close_request() {
        this._isClosing = true;
        this._cancellable?.cancel();
        return Boolean(this._cancellable);
    }
});

GLib.set_application_name('Settings');

const application = new Gtk.Application({
    flags: Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN,
});
application.connect('open', (_, files) => {
    for (const file of files)
        new SettingsWindow(application, file).present();
});
application.connect('activate', () => printerr('Usage: gjs -m settings.js FILE'));
System.exit(application.run([System.programInvocationName, ...ARGV]));
