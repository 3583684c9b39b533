/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

async void count () throws Error
{
  var lock_file = new GLockFile.LockFile ("settings.ini.lock");
  var settings = new KeyFile ();

  // waits half a second at most
  yield lock_file.try_lock_async (500, Priority.DEFAULT, null);
  settings.load_from_file ("settings.ini", KeyFileFlags.KEEP_COMMENTS);
  int opened = settings.get_integer ("window", "opened");
  settings.set_integer ("window", "opened", opened + 1);
  settings.save_to_file ("settings.ini");
  yield lock_file.unlock_async (Priority.DEFAULT, null);
}

int main ()
{
  var loop = new MainLoop ();
  int status = 0;

  Intl.setlocale ();
  count.begin ((_, result) => {
    try
      {
        count.end (result);
      }
    catch (Error error)
      {
        printerr ("%s\n", error.message); // says who holds the lock, if somebody does
        status = 1;
      }
    loop.quit ();
  });
  loop.run ();
  return status;
}
