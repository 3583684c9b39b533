# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The examples with windows, used by somebody who sees what they show."""

import argparse
import datetime
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import tap
from desktop import Desktop, Program, wait_until
from examples import Holder
from tap import test

parser = argparse.ArgumentParser()
parser.add_argument('--screenshots', type=Path, help='a folder for pictures of the windows')
parser.add_argument('--documents', type=Path,
                    help='a folder to be made, which the pictures can name; else a temporary one')
parser.add_argument('--interpreter', action='append', default=[], help='a word of its command')
parser.add_argument('editor')
parser.add_argument('settings')
arguments = parser.parse_args()

TEXT = '''\
Dear Charles,

The cards for the Engine are in order. I have numbered the notes from A to G;
please read them before Friday, and change nothing while I am writing.
'''
MORE = '\nPS: Only one of us should turn the crank at a time.\n'
SETTINGS = '# Somebody\'s remark\n\n[text]\nfont-size=12\nfont=Serif\n'


class Folder:
    """A folder with a file, and the names beside it that belong to it."""

    def __init__(self, name, text):
        if arguments.documents:
            arguments.documents.mkdir(mode=0o700)
        self._path = arguments.documents or Path(tempfile.mkdtemp(prefix='glockfile-gtk-'))
        self.file = self._path / name
        self.lock_file = Path(f'{self.file}.lock')
        self.autosave = Path(f'{self.file}.autosave')
        self.file.write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._path)

    def start(self, program, file=None, **environment):
        return Program(desktop, [*arguments.interpreter, program, file or self.file], **environment)

    def holder(self, name):
        return Holder(self, name)

    def leave_behind(self, name):
        """Lets a process be killed that had the lock."""
        holder = self.holder(name).__enter__()
        holder.process.kill()
        holder.process.communicate()
        return holder

    def disguise_holder(self):
        """Makes up names for the holder, so that pictures are the same everywhere."""
        today = datetime.datetime.now(datetime.timezone.utc).date()
        lines = self.lock_file.read_text().splitlines()
        names = {'user': 'ada', 'name': 'Letters', 'since': f'{today}T10:42:00Z'}
        lines[:3] = '4711', 'letters', 'difference'
        lines[6:] = [f'{key}={names.get(key, value)}'
                     for key, value in (line.split('=', 1) for line in lines[6:])]
        # Not replaced: it is the file itself that the holder has locked.
        self.lock_file.write_text('\n'.join(lines) + '\n')

    def assert_only_file(self):
        assert os.listdir(self.file.parent) == [self.file.name], os.listdir(self.file.parent)


def document():
    return Folder('letter.txt', TEXT)


def settings():
    return Folder('settings.ini', SETTINGS)


def edit(folder, **environment):
    return folder.start(arguments.editor, **environment)


def screenshot(program, situation):
    if camera:
        camera.take(program.pid, arguments.screenshots / f'{situation}.png')


# --- The editor ----------------------------------------------------------------------

@test
def document_is_free():
    with document() as folder, edit(folder) as editor:
        text_box = editor.text_box()
        assert text_box.text == TEXT and text_box.is_editable
        assert '\nname=Text Editor\n' in folder.lock_file.read_text()

        text_box.append(MORE)
        screenshot(editor, 'editor-free')
        editor.button('Save').press()
        wait_until(lambda: folder.file.read_text() == TEXT + MORE)
        editor.close()
        folder.assert_only_file()


@test
def document_is_new():
    with document() as folder:
        folder.file.unlink()
        with edit(folder) as editor:
            editor.text_box().append(TEXT)
            editor.close()
        assert folder.file.read_text() == TEXT
        folder.assert_only_file()


@test
def document_is_in_use_and_read():
    with document() as folder, folder.holder('Other Editor'):
        folder.disguise_holder()
        with edit(folder) as editor:
            editor.label('Document Is in Use')
            editor.label('“Letters” (letters, process 4711) run by ada on host “difference” '
                         'has locked this since ')
            assert 'Take Over' not in editor.buttons()
            screenshot(editor, 'editor-in-use')

            editor.button('Open Read-Only').press()
            editor.label('Opened for reading only')
            text_box = editor.text_box()
            assert text_box.text == TEXT and not text_box.is_editable
            assert 'Save' not in editor.buttons()
            screenshot(editor, 'editor-read-only')
            editor.close()
        assert folder.lock_file.read_text().startswith('4711\n')


@test
def document_is_in_use_in_the_dark():
    with document() as folder, folder.holder('Other Editor'):
        folder.disguise_holder()
        with edit(folder, ADW_DEBUG_COLOR_SCHEME='prefer-dark') as editor:
            editor.label('Document Is in Use')
            screenshot(editor, 'editor-in-use-dark')
            editor.button('Cancel').press()
            editor.wait_for_end()


@test
def document_is_in_use_and_left_alone():
    with document() as folder, folder.holder('Other Editor') as holder, edit(folder) as editor:
        editor.label('Document Is in Use')
        editor.label(f'“Other Editor” (test-helper, process {holder.pid}) run by ')
        editor.button('Cancel').press()
        editor.wait_for_end()
        assert folder.lock_file.read_text().startswith(f'{holder.pid}\n')


@test
def predecessor_crashed_and_text_is_restored():
    with document() as folder:
        with edit(folder) as editor:
            editor.text_box().append(MORE)
            wait_until(lambda: folder.autosave.exists()
                       and folder.autosave.read_text() == TEXT + MORE)
            editor.kill()
        assert folder.file.read_text() == TEXT

        with edit(folder) as successor:
            successor.label('Restore Unsaved Changes?')
            successor.label('“Text Editor” (')
            successor.label(f', process {editor.pid})')
            successor.label('and ended without unlocking it.')
            successor.button('Restore').press()
            assert successor.text_box().text == TEXT + MORE
            assert folder.file.read_text() == TEXT

            successor.button('Save').press()
            wait_until(lambda: folder.file.read_text() == TEXT + MORE)
            successor.close()
        folder.assert_only_file()


@test
def predecessor_crashed_and_text_is_not_restored():
    with document() as folder:
        folder.autosave.write_text(TEXT + MORE)
        folder.leave_behind('Other Editor')
        folder.disguise_holder()
        with edit(folder) as editor:
            editor.label('“Letters” (letters, process 4711) run by ada on host “difference” '
                         'locked this at ')
            editor.label(' and ended without unlocking it.')
            screenshot(editor, 'editor-restore')
            editor.button('Do Not Restore').press()
            assert editor.text_box().text == TEXT
            editor.close()
        assert folder.file.read_text() == TEXT
        folder.assert_only_file()


@test
def predecessor_crashed_without_changes():
    with document() as folder:
        folder.leave_behind('Other Editor')
        with edit(folder) as editor:
            assert editor.text_box().text == TEXT
            editor.close()
        folder.assert_only_file()


@test
def lock_of_another_host_is_taken_over():
    with document() as folder:
        folder.lock_file.write_text(
            '4711\nletters\ndifference\nc0ffee00c0ffee00c0ffee00c0ffee00\n'
            '01234567-89ab-4cde-8f01-23456789abcd\nGLockFile 1 flock\nuser=ada\n'
            'name=Letters\nsince=2026-01-05T10:42:00.123456Z\n')
        with edit(folder) as editor:
            editor.label('Document May Be in Use')
            editor.label('“Letters” (letters, process 4711) run by ada on host “difference”')
            editor.label('It is not known whether it is still running.')
            screenshot(editor, 'editor-take-over')
            editor.button('Take Over').press()

            text_box = editor.text_box()
            assert text_box.text == TEXT and text_box.is_editable
            assert folder.lock_file.read_text().startswith(f'{editor.pid}\n')
            editor.close()
        folder.assert_only_file()


@test
def something_else_is_in_the_place_of_the_lock():
    with document() as folder:
        folder.lock_file.mkdir()
        with edit(folder) as editor:
            editor.label('Document Cannot Be Locked')
            assert 'Take Over' not in editor.buttons()
            editor.button('Open Read-Only').press()
            editor.label('Opened for reading only')
            editor.close()
        assert folder.lock_file.is_dir()


@test
def names_in_the_lock_are_hostile():
    hostile = '<b>Other</b>\u202e &amp;\\n\\x1b[31m'
    with document() as folder:
        folder.lock_file.write_text(
            f'4711\n{"<i>" * 100}\n\u2066ws1\nc0ffee00c0ffee00c0ffee00c0ffee00\n'
            '01234567-89ab-4cde-8f01-23456789abcd\nGLockFile 1 flock\n'
            f'user={hostile}\nname={hostile}\nsince=2026-01-05T10:42:00Z\n')
        with edit(folder) as editor:
            editor.label('Document May Be in Use')
            text = editor.label(' has locked this since ').text
            assert '“‹b›Other‹/b› ＆amp;[31m” (‹i›‹i›' in text, text
            assert text.isprintable() and not set(text) & set('<>&'), repr(text)
            assert len(text) < 400, text
            editor.button('Cancel').press()
            editor.wait_for_end()


@test
def name_of_the_document_is_no_markup():
    # It would be good markup: what is not, GTK shows as it is.
    with Folder('&lt;b&gt; &amp; \u202e.txt', TEXT) as folder:
        folder.lock_file.mkdir()
        with edit(folder) as editor:
            editor.label('Document Cannot Be Locked')
            text = editor.label('is a directory, not a lock file').text
            assert '/&lt;b&gt; &amp; \ufffd.txt.lock”' in text, text
            editor.button('Cancel').press()
            editor.wait_for_end()


@test
def lock_is_lost():
    with document() as folder, edit(folder) as editor:
        text_box = editor.text_box()
        folder.lock_file.unlink()
        editor.label('The lock is lost')
        editor.label('Others can change the document now.')
        text_box.append(MORE)
        screenshot(editor, 'editor-lost')

        editor.button('Save').press()
        editor.label('Save Without the Lock?')
        editor.button('Cancel').press()
        wait_until(lambda: 'Save Anyway' not in editor.buttons())
        assert folder.file.read_text() == TEXT

        editor.button('Save').press()
        editor.button('Save Anyway').press()
        wait_until(lambda: folder.file.read_text() == TEXT + MORE)
        editor.close()
        folder.assert_only_file()


@test
def lock_is_lost_to_another_and_changes_are_given_up():
    with document() as folder, edit(folder) as editor:
        text_box = editor.text_box()
        folder.lock_file.unlink()
        with folder.holder('Other Editor') as holder:
            editor.label('The lock is lost')
            text_box.append(MORE)
            editor.button('Close').press()
            editor.button('Close Without Saving').press()
            editor.wait_for_end()
            assert folder.lock_file.read_text().startswith(f'{holder.pid}\n')
        assert folder.file.read_text() == TEXT
        folder.assert_only_file()


@test
def lock_is_lost_during_the_question():
    with document() as folder:
        folder.autosave.write_text(TEXT + MORE)
        folder.leave_behind('Other Editor')
        with edit(folder) as editor:
            restore = editor.button('Restore')
            folder.lock_file.unlink()
            editor.label('The lock is lost')
            folder.autosave.write_text('somebody else is writing')
            restore.press()
            text_box = editor.text_box()
            assert text_box.text == TEXT and not text_box.is_editable
            editor.label('Others can change the document now.')
            editor.close()
        assert folder.autosave.read_text() == 'somebody else is writing'


@test
def links_lead_to_the_same_lock():
    with document() as folder:
        elsewhere = folder.file.parent / 'elsewhere'
        elsewhere.mkdir()
        link, next_link = elsewhere / 'first.txt', elsewhere / 'second.txt'
        link.symlink_to('second.txt')
        next_link.symlink_to(folder.file)
        with folder.start(arguments.editor, file=link) as editor:
            assert editor.text_box().is_editable
            assert folder.lock_file.exists()
            assert sorted(os.listdir(elsewhere)) == ['first.txt', 'second.txt']
            with edit(folder) as second:
                second.label('Document Is in Use')
                second.button('Cancel').press()
                second.wait_for_end()
            editor.text_box().append(MORE)
            editor.close()
        assert folder.file.read_text() == TEXT + MORE
        assert link.is_symlink() and next_link.is_symlink()

        # One that leads nowhere.
        link.unlink()
        next_link.unlink()
        next_link.symlink_to('second.txt')
        with folder.start(arguments.editor, file=next_link) as editor:
            editor.label('Error opening file')
            editor.close()


@test
def termination_closes_the_window():
    with document() as folder, edit(folder) as editor:
        editor.text_box().append(MORE)
        os.kill(editor.pid, signal.SIGTERM)
        editor.wait_for_end()
        assert folder.file.read_text() == TEXT + MORE
        folder.assert_only_file()


# --- The settings --------------------------------------------------------------------

def change(folder):
    return folder.start(arguments.settings)


def set_font_size(program, size):
    program.find('spin button', lambda text: text == '12').set_value(size)
    program.find('spin button', lambda text: text == str(size))


def save_settings(program):
    program.button('Save').press()
    program.label('Settings saved')


@test
def settings_are_free():
    with settings() as folder, change(folder) as program:
        set_font_size(program, 15)
        save_settings(program)
        assert folder.file.read_text() == SETTINGS.replace('12', '15')
        folder.assert_only_file()
        program.close()


@test
def settings_are_new():
    with settings() as folder:
        folder.file.unlink()
        with change(folder) as program:
            save_settings(program)
            assert folder.file.read_text() == '[text]\nfont-size=11\n'
            program.close()


@test
def settings_are_in_use():
    with settings() as folder, change(folder) as program:
        with folder.holder('Backup'):
            set_font_size(program, 15)
            program.button('Save').press()
            program.label('Waiting for another program…')
            assert 'Cancel' in program.buttons() and 'Save' not in program.buttons()
            screenshot(program, 'settings-waiting')
            # What the holder changes meanwhile is not lost.
            others = SETTINGS.replace('Serif', 'Monospace')
            folder.file.write_text(others)
        program.label('Settings saved')
        screenshot(program, 'settings-saved')
        assert folder.file.read_text() == others.replace('12', '15')
        folder.assert_only_file()
        program.close()


@test
def settings_are_in_use_and_given_up():
    with settings() as folder, change(folder) as program:
        with folder.holder('Backup') as holder:
            set_font_size(program, 15)
            program.button('Save').press()
            program.button('Cancel').press()
            program.button('Save')
            assert folder.lock_file.read_text().startswith(f'{holder.pid}\n')
        folder.assert_only_file()
        assert folder.file.read_text() == SETTINGS

        # It was left in order.
        save_settings(program)
        program.close()


@test
def settings_are_in_use_and_closed():
    with settings() as folder, folder.holder('Backup') as holder, change(folder) as program:
        program.button('Save').press()
        program.button('Cancel')
        program.close()
        assert folder.lock_file.read_text().startswith(f'{holder.pid}\n')
        assert folder.file.read_text() == SETTINGS


@test
def lock_is_lost_while_settings_are_saved():
    with settings() as folder, change(folder) as program:
        # Reading it takes as long as we like.
        folder.file.unlink()
        os.mkfifo(folder.file)
        program.button('Save').press()
        wait_until(folder.lock_file.exists)
        with open(folder.file, 'w') as reading:
            folder.file.unlink()
            folder.file.write_text(SETTINGS)
            folder.lock_file.unlink()
            # The program learns it before it can go on.
            time.sleep(0.3)
            reading.write(SETTINGS)
        program.label('Settings Could Not Be Saved')
        program.label('The lock is lost')
        program.close()
        folder.assert_only_file()


@test
def settings_cannot_be_locked():
    with Folder('<b>&amp;.ini', SETTINGS) as folder, change(folder) as program:
        folder.lock_file.mkdir()
        program.button('Save').press()
        program.label('Settings Could Not Be Saved')
        program.label('/<b>&amp;.ini.lock” is a directory, not a lock file')
        assert folder.file.read_text() == SETTINGS
        program.close()


@test
def settings_cannot_be_read():
    with settings() as folder:
        folder.file.unlink()
        folder.file.mkdir()
        with change(folder) as program:
            program.label('Settings Could Not Be Read')
            program.close()


if arguments.screenshots:
    @test
    def pictures_of_the_documentation_are_made():
        images = Path(__file__).parents[2] / 'doc' / 'images'
        shown = {path.name for path in images.glob('*.png')}
        taken = {path.name for path in arguments.screenshots.glob('*.png')}
        assert taken == shown, taken ^ shown


# When it takes too long: what was started is ended all the same.
signal.signal(signal.SIGTERM, lambda *_: sys.exit('terminated'))
with Desktop() as desktop:
    camera = None
    if arguments.screenshots:
        from camera import Camera
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
        camera = Camera(desktop.environment['DISPLAY'])
    tap.run()
