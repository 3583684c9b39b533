// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A window that changes a settings file which other programs change too:
// gjs -m settings.js FILE
//
// To save, it waits for FILE.lock as long as its user likes, then reads, changes and
// writes the file, so that nothing is lost that others wrote meanwhile. Nothing here
// blocks the main loop.

import Adw from 'gi://Adw?version=1';
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
class SettingsWindow extends Adw.ApplicationWindow {
    constructor(application, file) {
        super({application, title: 'Settings', default_width: 480, default_height: 320});

        this._file = file;
        this._lock = GLockFile.LockFile.new_for_file(
            Gio.File.new_for_uri(`${file.get_uri()}.lock`));

        this._saveButton = new Gtk.Button({
            label: '_Save', use_underline: true, css_classes: ['suggested-action'],
        });
        this._saveButton.connect('clicked', () => this._save());
        const header = new Adw.HeaderBar();
        header.pack_start(this._saveButton);

        this._fontSize = Gtk.SpinButton.new_with_range(6, 72, 1);
        this._fontSize.value = 11;
        this._fontSize.valign = Gtk.Align.CENTER;
        const fontSizeRow = new Adw.ActionRow({
            title: '_Font Size', use_underline: true, activatable_widget: this._fontSize,
        });
        fontSizeRow.add_suffix(this._fontSize);

        const cancelButton = new Gtk.Button({
            label: '_Cancel', use_underline: true, valign: Gtk.Align.CENTER,
        });
        cancelButton.connect('clicked', () => this._cancellable.cancel());
        this._waitingRow = new Adw.ActionRow({title: 'Waiting for another program…'});
        this._waitingRow.add_prefix(new Gtk.Spinner({spinning: true}));
        this._waitingRow.add_suffix(cancelButton);
        this._errorRow = new Adw.ActionRow({
            icon_name: 'dialog-error-symbolic', visible: false,
            use_markup: false, // a file's name is none
        });

        const group = new Adw.PreferencesGroup({
            title: 'Text', description: 'Other programs change these settings, too.',
        });
        group.add(fontSizeRow);
        group.add(this._waitingRow);
        group.add(this._errorRow);
        const page = new Adw.PreferencesPage();
        page.add(group);
        this._toasts = new Adw.ToastOverlay({child: page, vexpand: true});
        const box = new Gtk.Box({orientation: Gtk.Orientation.VERTICAL});
        box.append(header);
        box.append(this._toasts);
        this.content = box;

        this._showIsSaving(false);
        this._showSettings();
    }

    _showError(title, error) {
        Object.assign(this._errorRow, {title, subtitle: error.message, visible: true});
    }

    _showIsSaving(isSaving) {
        this._waitingRow.visible = isSaving;
        this._saveButton.sensitive = !isSaving;
    }

    /** The file is always replaced as a whole, so who only reads it needs no lock. */
    async _showSettings() {
        try {
            this._fontSize.value = (await load(this._file, null)).get_integer(GROUP, KEY);
        } catch (error) {
            if (!(error instanceof GLib.KeyFileError))
                this._showError('Settings Could Not Be Read', error);
        }
    }

    async _save() {
        const cancellable = this._cancellable = new Gio.Cancellable();

        this._showIsSaving(true);
        this._errorRow.visible = false;
        try {
            await this._lock.hold(async () => {
                const settings = await load(this._file, cancellable);
                settings.set_integer(GROUP, KEY, this._fontSize.value);
                const [text] = settings.to_data();
                const bytes = new GLib.Bytes(new TextEncoder().encode(text));
                await this._file.replace_contents_bytes_async(bytes, null, false,
                    Gio.FileCreateFlags.NONE, null);
            }, {cancellable});
            this._toasts.add_toast(new Adw.Toast({title: 'Settings saved'}));
        } catch (error) {
            if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                this._showError('Settings Could Not Be Saved', error);
        }
        this._cancellable = null;
        this._showIsSaving(false);
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

const application = new Adw.Application({
    flags: Gio.ApplicationFlags.NON_UNIQUE | Gio.ApplicationFlags.HANDLES_OPEN,
});
application.connect('open', (_, files) => {
    for (const file of files)
        new SettingsWindow(application, file).present();
});
application.connect('activate', () => printerr('Usage: gjs -m settings.js FILE'));
System.exit(application.run([System.programInvocationName, ...ARGV]));
