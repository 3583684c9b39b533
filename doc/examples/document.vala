/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Keeps a document locked for as long as it is open: document FILE
 *
 * The main loop stands for a window with the document; a line on standard input, or
 * its end, closes it.
 */

class Document
{
  public int status = 0;
  string autosave;
  GLockFile.LockFile lock_file;

  public Document (string file_name)
  {
    autosave = file_name + ".autosave";
    lock_file = new GLockFile.LockFile (file_name + ".lock");
    // It may be open for days: no age may decide that its editor is gone.
    lock_file.stale_lock_time = 0;
    // Others can change the document then: an editor no longer saves without asking.
    lock_file.lost.connect ((error) => fail (error));
  }

  public async void open ()
  {
    try
      {
        // Not at once, for somebody may just be closing it.
        yield lock_file.try_lock_async (300, Priority.DEFAULT, null);

        if (lock_file.previous_holder != null)
          print ("%s\n", lock_file.previous_holder.describe ());
        // We have the lock, so whoever wrote this is gone, known to us or not.
        if (FileUtils.test (autosave, FileTest.EXISTS))
          print ("There are unsaved changes in “%s”.\n", autosave);

        print ("The document is ours.\n");
        var input = new DataInputStream (new UnixInputStream (0, false));
        yield input.read_line_async (Priority.DEFAULT, null);
        yield lock_file.unlock_async (Priority.DEFAULT, null);
      }
    catch (Error error)
      {
        fail (error); // if it is in use, this says by whom
      }
  }

  void fail (Error error)
  {
    printerr ("%s\n", error.message);
    status = 1;
  }
}

int main (string[] args)
{
  var loop = new MainLoop ();
  var document = new Document (args[1]);

  Intl.setlocale ();
  Environment.set_application_name ("Text Editor"); // what others are told
  document.open.begin (() => loop.quit ());
  loop.run ();
  return document.status;
}
