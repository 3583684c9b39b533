/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The scenario that every language goes through, in Vala; see scenario.py.
 * That it compiles is half of the test: the errors are an error domain, the
 * getters are properties, and what may be null is marked.
 */

using GLockFile;

const int LONG = 60000;

delegate void PathFunc (string path) throws Error;

/* Calls func with a file name in a new folder. */
void with_path (PathFunc func)
{
  string folder = "";

  try
    {
      folder = DirUtils.make_tmp ("glockfile-vala-XXXXXX");
      func (Path.build_filename (folder, "lock"));
      assert_cmpint (DirUtils.remove (folder), CompareOperator.EQ, 0);
    }
  catch (Error error)
    {
      Test.message ("%s %d: %s", error.domain.to_string (), error.code, error.message);
      Test.fail ();
    }
}

delegate void AttemptFunc () throws Error;

string last_message;

/* The catch clauses of a program: what each code leads to. */
string outcome (AttemptFunc attempt)
{
  try
    {
      attempt ();
      return "success";
    }
  catch (LockFileError.LOCKED error)
    {
      last_message = error.message;
      return "locked";
    }
  catch (LockFileError.NOT_FOUND error)
    {
      return "not-found";
    }
  catch (LockFileError.INVALID_DATA error)
    {
      return "invalid-data";
    }
  catch (LockFileError.LOST error)
    {
      return "lost";
    }
  catch (LockFileError error)
    {
      return (error is LockFileError.FAILED) ? "failed" : "another lock file error";
    }
  catch (IOError.CANCELLED error)
    {
      return "cancelled";
    }
  catch (IOError.NOT_SUPPORTED error)
    {
      return "not-supported";
    }
  catch (Error error)
    {
      return error.message;
    }
}

void assert_fails (string code, AttemptFunc attempt)
{
  assert_cmpstr (outcome (attempt), CompareOperator.EQ, code);
}

/* What an asynchronous function's callback got. */
AsyncResult? last_result;

void note_result (Object? source, AsyncResult result)
{
  last_result = result;
}

/* Runs the main loop until there is a result. */
AsyncResult await_result ()
{
  while (last_result == null)
    MainContext.default ().iteration (true);
  return (owned) last_result;
}

bool exists (string path)
{
  return FileUtils.test (path, FileTest.EXISTS);
}

/* The other process. */
class Helper
{
  private Subprocess process;
  private DataInputStream output;
  public int pid;

  public Helper (string path, string? option = null) throws Error
  {
    var arguments = new StrvBuilder ();

    arguments.add (Environment.get_variable ("GLOCKFILE_TEST_HELPER"));
    if (option != null)
      arguments.add (option);
    arguments.add (path);
    process = new Subprocess.newv (arguments.end (),
                                   SubprocessFlags.STDIN_PIPE | SubprocessFlags.STDOUT_PIPE);
    output = new DataInputStream (process.get_stdout_pipe ());
    pid = int.parse (process.get_identifier ());
    assert_cmpstr (answer (), CompareOperator.EQ, "ready %d".printf (pid));
  }

  public void send (string command) throws Error
  {
    process.get_stdin_pipe ().write_all ((command + "\n").data, null);
  }

  public string answer () throws Error
  {
    return output.read_line_utf8 ();
  }

  public void do_lock () throws Error
  {
    send ("lock");
    assert_cmpstr (answer (), CompareOperator.EQ, "ok");
  }

  public void kill () throws Error
  {
    process.force_exit ();
    process.wait ();
  }

  public void quit () throws Error
  {
    process.get_stdin_pipe ().close ();
    process.wait ();
  }
}

/* A lock file whose holder was killed; answers its process ID. */
int leftover (string path) throws Error
{
  var helper = new Helper (path);

  helper.do_lock ();
  helper.kill ();
  assert_true (exists (path));
  return helper.pid;
}

void test_new ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);

    assert_cmpstr (lock_file.file_name, CompareOperator.EQ, path);
    assert_cmpstr (lock_file.get_file_name (), CompareOperator.EQ, path);
    assert_cmpuint (lock_file.stale_lock_time, CompareOperator.EQ, 30000);
    assert_false (lock_file.locked);
    assert_false (lock_file.is_locked ());
    assert_null (lock_file.previous_holder);
    assert_false (exists (path));
  });
}

void test_new_by_properties ()
{
  with_path ((path) => {
    var lock_file = (LockFile) Object.new (typeof (LockFile),
                                           file_name: path, stale_lock_time: 7);

    assert_cmpstr (lock_file.file_name, CompareOperator.EQ, path);
    assert_cmpuint (lock_file.stale_lock_time, CompareOperator.EQ, 7);
  });
}

void test_new_for_file ()
{
  with_path ((path) => {
    var lock_file = new LockFile.for_file (File.new_for_path (path));

    assert_cmpstr (lock_file.file_name, CompareOperator.EQ, path);
    assert_fails ("not-supported", () => {
      new LockFile.for_file (File.new_for_uri ("http://localhost/lock"));
    });
  });
}

void test_stale_lock_time ()
{
  var lock_file = new LockFile ("lock");
  uint[] seen = {};

  lock_file.notify["stale-lock-time"].connect (() => { seen += lock_file.stale_lock_time; });
  lock_file.stale_lock_time = 0;
  lock_file.stale_lock_time = 0;
  lock_file.set_stale_lock_time (uint.MAX);
  assert_cmpint (seen.length, CompareOperator.EQ, 2);
  assert_cmpuint (seen[0], CompareOperator.EQ, 0);
  assert_cmpuint (seen[1], CompareOperator.EQ, uint.MAX);
}

void test_lock_and_unlock ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);
    bool[] seen = {};

    lock_file.notify["locked"].connect (() => { seen += lock_file.locked; });
    assert_true (lock_file.lock (null));
    assert_true (lock_file.locked);
    assert_true (exists (path));
    assert_true (lock_file.verify ());
    assert_true (lock_file.unlock ());
    assert_false (lock_file.locked);
    assert_false (exists (path));
    assert_true (lock_file.unlock ());
    assert_cmpint (seen.length, CompareOperator.EQ, 2);
    assert_true (seen[0] && !seen[1]);
  });
}

void test_locked_by_oneself ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);
    var other = new LockFile (path);

    assert_true (lock_file.try_lock (0, null));
    assert_fails ("locked", () => { lock_file.lock (null); });
    assert_fails ("locked", () => { other.try_lock (0, null); });
    assert_fails ("failed", () => { lock_file.remove_stale (null); });
    assert_true (lock_file.unlock ());
    assert_true (other.try_lock (0, null));
    other.unlock ();
  });
}

void test_last_reference_unlocks ()
{
  with_path ((path) => {
    LockFile? lock_file = new LockFile (path);

    lock_file.lock (null);
    lock_file = null;
    assert_false (exists (path));
  });
}

void test_locked_by_another_process ()
{
  with_path ((path) => {
    var helper = new Helper (path);
    var lock_file = new LockFile (path);
    int64 start;

    helper.do_lock ();
    assert_fails ("locked", () => { lock_file.try_lock (0, null); });
    assert_true (helper.pid.to_string () in last_message);
    start = get_monotonic_time ();
    assert_fails ("locked", () => { lock_file.try_lock (100, null); });
    assert_true (get_monotonic_time () - start >= 99000);
    assert_fails ("locked", () => { lock_file.remove_stale (null); });
    assert_false (lock_file.locked);

    /* Whichever of the two comes first, the lock is ours in the end. */
    helper.send ("unlock");
    assert_true (lock_file.try_lock (LONG, null));
    assert_cmpstr (helper.answer (), CompareOperator.EQ, "ok");
    helper.send ("try 0");
    assert_true (helper.answer ().has_prefix ("error g-lock-file-error-quark %d "
                                              .printf (LockFileError.LOCKED)));
    assert_true (lock_file.unlock ());
    helper.quit ();
  });
}

void test_query_info ()
{
  with_path ((path) => {
    var helper = new Helper (path, "--name=Door opener");
    var lock_file = new LockFile (path);
    string boot_id;

    helper.do_lock ();
    FileUtils.get_contents ("/proc/sys/kernel/random/boot_id", out boot_id);
    LockFileInfo info = lock_file.query_info (null);
    assert_cmpint ((int) info.pid, CompareOperator.EQ, helper.pid);
    assert_cmpstr (info.app_name, CompareOperator.EQ, "test-helper");
    assert_cmpstr (info.hostname, CompareOperator.EQ, Environment.get_host_name ());
    assert_cmpstr (info.display_name, CompareOperator.EQ, "Door opener");
    assert_cmpstr (info.user_name, CompareOperator.EQ, Environment.get_user_name ());
    assert_cmpstr (info.boot_id, CompareOperator.EQ, boot_id.strip ());
    assert_true (info.machine_id == null || info.machine_id.length == 32);
    assert_true (Uuid.string_is_valid (info.token));
    assert_true (info.holder_state == LockFileHolderState.RUNNING);
    DateTime? since = info.locked_since;
    assert_true ((since.to_unix () - get_real_time () / 1000000).abs () < 600);

    /* It tells what was when it was asked for. */
    helper.kill ();
    assert_true (info.holder_state == LockFileHolderState.RUNNING);
    assert_true (lock_file.query_info (null).holder_state == LockFileHolderState.GONE);
    assert_true (lock_file.remove_stale (null));
  });
}

void test_query_info_of_oneself ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);

    lock_file.lock (null);
    var first = lock_file.query_info (null);
    assert_cmpstr (first.display_name, CompareOperator.EQ, "Türöffner");
    assert_cmpint ((int) first.pid, CompareOperator.EQ, (int) new Credentials ().get_unix_pid ());
    assert_true (first.holder_state == LockFileHolderState.RUNNING);
    lock_file.unlock ();
    lock_file.lock (null);
    assert_cmpstr (lock_file.query_info (null).token, CompareOperator.NE, first.token);
    lock_file.unlock ();
  });
}

void test_query_info_of_five_lines ()
{
  with_path ((path) => {
    FileUtils.set_contents (path, "4711\nqtapp\nelsewhere.example\n\n\n");
    var info = new LockFile (path).query_info (null);
    assert_cmpint ((int) info.pid, CompareOperator.EQ, 4711);
    assert_cmpstr (info.app_name, CompareOperator.EQ, "qtapp");
    assert_cmpstr (info.hostname, CompareOperator.EQ, "elsewhere.example");
    assert_true (info.holder_state == LockFileHolderState.UNKNOWN);
    assert_null (info.display_name);
    assert_null (info.user_name);
    assert_null (info.machine_id);
    assert_null (info.boot_id);
    assert_null (info.token);
    FileUtils.unlink (path);
  });
}

void test_describe ()
{
  with_path ((path) => {
    var helper = new Helper (path, "--name=Door opener");

    helper.do_lock ();
    string text = new LockFile (path).query_info (null).describe ();
    assert_true ("Door opener" in text);
    assert_true ("test-helper" in text);
    assert_true (helper.pid.to_string () in text);
    helper.quit ();
  });
}

void test_not_found ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);

    assert_fails ("not-found", () => { lock_file.query_info (null); });
    assert_fails ("not-found", () => { lock_file.remove_stale (null); });
    foreach (unowned string name in new string[] { path + "/below", "" })
      {
        assert_fails ("not-found", () => { new LockFile (name).try_lock (0, null); });
      }
  });
}

void test_invalid_data ()
{
  with_path ((path) => {
    const string TEXT = "Dear diary,\nnothing happened today.\n";
    var lock_file = new LockFile (path);
    string contents;

    FileUtils.set_contents (path, TEXT);
    assert_fails ("invalid-data", () => { lock_file.lock (null); });
    assert_fails ("invalid-data", () => { lock_file.query_info (null); });
    assert_fails ("invalid-data", () => { lock_file.remove_stale (null); });
    FileUtils.get_contents (path, out contents);
    assert_cmpstr (contents, CompareOperator.EQ, TEXT);
    FileUtils.unlink (path);
  });
}

void test_lost ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);
    var other = new LockFile (path);

    lock_file.lock (null);
    FileUtils.unlink (path);
    assert_fails ("lost", () => { lock_file.verify (); });
    assert_false (lock_file.locked);
    assert_true (lock_file.unlock ());

    lock_file.lock (null);
    FileUtils.unlink (path);
    other.lock (null);
    assert_fails ("lost", () => { lock_file.unlock (); });
    assert_false (lock_file.locked);
    assert_true (other.verify ());
    other.unlock ();
  });
}

void test_cancelled ()
{
  with_path ((path) => {
    var helper = new Helper (path);
    var lock_file = new LockFile (path);
    var cancellable = new Cancellable ();

    cancellable.cancel ();
    assert_fails ("cancelled", () => { lock_file.try_lock (0, cancellable); });
    assert_false (exists (path));

    helper.do_lock ();
    cancellable.reset ();
    var thread = new Thread<void> ("canceller", () => { cancellable.cancel (); });
    assert_fails ("cancelled", () => { lock_file.lock (cancellable); });
    thread.join ();
    assert_false (lock_file.locked);
    helper.quit ();
  });
}

void test_previous_holder ()
{
  with_path ((path) => {
    int pid = leftover (path);
    var lock_file = new LockFile (path);
    int notified = 0;

    lock_file.notify["previous-holder"].connect (() => { notified++; });
    assert_true (lock_file.try_lock (LONG, null));
    LockFileInfo? previous = lock_file.previous_holder;
    assert_nonnull (previous);
    assert_cmpint ((int) previous.pid, CompareOperator.EQ, pid);
    assert_cmpstr (previous.app_name, CompareOperator.EQ, "test-helper");
    assert_true (previous.holder_state == LockFileHolderState.GONE);
    assert_true (pid.to_string () in previous.describe ());

    lock_file.unlock ();
    lock_file.lock (null);
    assert_null (lock_file.get_previous_holder ());
    assert_cmpint (notified, CompareOperator.EQ, 2);
    assert_cmpint ((int) previous.pid, CompareOperator.EQ, pid);
    lock_file.unlock ();
  });
}

void test_remove_stale ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);

    leftover (path);
    assert_true (lock_file.remove_stale (null));
    assert_false (exists (path));
    assert_false (lock_file.locked);
  });
}

async void lock_and_unlock_async (string path) throws Error
{
  var lock_file = new LockFile (path);
  bool[] seen = {};

  lock_file.notify["locked"].connect (() => { seen += lock_file.locked; });
  assert_true (yield lock_file.lock_async (Priority.DEFAULT, null));
  assert_true (lock_file.locked);
  assert_true (exists (path));
  assert_cmpint (seen.length, CompareOperator.EQ, 1);
  assert_true (yield lock_file.verify_async (Priority.DEFAULT, null));
  assert_true (yield lock_file.unlock_async (Priority.DEFAULT, null));
  assert_false (lock_file.locked);
  assert_false (exists (path));
  assert_true (yield lock_file.unlock_async (Priority.DEFAULT, null));
  assert_cmpint (seen.length, CompareOperator.EQ, 2);
}

void test_lock_and_unlock_async ()
{
  with_path ((path) => {
    lock_and_unlock_async.begin (path, note_result);
    lock_and_unlock_async.end (await_result ());
  });
}

async void locked_by_another_process_async (string path) throws Error
{
  var helper = new Helper (path);
  var lock_file = new LockFile (path);
  int64 start = get_monotonic_time ();

  helper.do_lock ();
  try
    {
      yield lock_file.try_lock_async (100, Priority.DEFAULT, null);
      assert_not_reached ();
    }
  catch (LockFileError.LOCKED error)
    {
      assert_true (helper.pid.to_string () in error.message);
      assert_true (get_monotonic_time () - start >= 99000);
    }
  assert_false (lock_file.locked);

  /* It is the main loop that makes the other let go. */
  Timeout.add (10, () => {
    try
      {
        helper.send ("unlock");
      }
    catch (Error error)
      {
        assert_no_error (error);
      }
    return Source.REMOVE;
  });
  assert_true (yield lock_file.try_lock_async (LONG, Priority.DEFAULT, null));
  assert_cmpstr (helper.answer (), CompareOperator.EQ, "ok");
  assert_true (yield lock_file.unlock_async (Priority.DEFAULT, null));
  helper.quit ();
}

void test_locked_by_another_process_async ()
{
  with_path ((path) => {
    locked_by_another_process_async.begin (path, note_result);
    locked_by_another_process_async.end (await_result ());
  });
}

void test_one_operation_at_a_time ()
{
  with_path ((path) => {
    var helper = new Helper (path);
    var lock_file = new LockFile (path);
    var cancellable = new Cancellable ();

    helper.do_lock ();
    lock_file.lock_async.begin (Priority.DEFAULT, cancellable, note_result);
    try
      {
        lock_file.query_info (null);
        assert_not_reached ();
      }
    catch (IOError.PENDING error)
      {
        assert_null (last_result);
      }
    cancellable.cancel ();
    assert_fails ("cancelled", () => { lock_file.lock_async.end (await_result ()); });
    lock_file.query_info_async.begin (Priority.DEFAULT, null, note_result);
    LockFileInfo info = lock_file.query_info_async.end (await_result ());
    assert_cmpint ((int) info.pid, CompareOperator.EQ, helper.pid);
    helper.quit ();
  });
}

void test_cancelled_async ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);
    var cancellable = new Cancellable ();

    cancellable.cancel ();
    lock_file.try_lock_async.begin (0, Priority.DEFAULT, cancellable, note_result);
    assert_fails ("cancelled", () => { lock_file.try_lock_async.end (await_result ()); });
    assert_false (exists (path));
  });
}

async void leftovers_async (string path) throws Error
{
  var lock_file = new LockFile (path);
  int pid = leftover (path);
  LockFileInfo info = yield lock_file.query_info_async (Priority.DEFAULT, null);

  assert_cmpint ((int) info.pid, CompareOperator.EQ, pid);
  assert_true (info.holder_state == LockFileHolderState.GONE);
  assert_true (yield lock_file.remove_stale_async (Priority.DEFAULT, null));
  assert_false (exists (path));

  pid = leftover (path);
  assert_true (yield lock_file.lock_async (Priority.DEFAULT, null));
  assert_cmpint ((int) lock_file.previous_holder.pid, CompareOperator.EQ, pid);
  lock_file.unlock ();
}

void test_leftovers_async ()
{
  with_path ((path) => {
    leftovers_async.begin (path, note_result);
    leftovers_async.end (await_result ());
  });
}

void test_lost_signal ()
{
  with_path ((path) => {
    var lock_file = new LockFile (path);
    Error? loss = null;

    lock_file.lost.connect ((error) => {
      assert_false (lock_file.locked);
      loss = error;
    });
    lock_file.lock (null);
    FileUtils.unlink (path);
    while (loss == null)
      MainContext.default ().iteration (true);
    assert_true (loss is LockFileError.LOST);
    assert_true (path in loss.message);
    assert_true (lock_file.unlock ());
  });
}

void test_file_name_that_is_not_text ()
{
  with_path ((path) => {
    string raw = path + "-caf\xe9";
    var lock_file = new LockFile (raw);

    assert_false (raw.validate ());
    assert_cmpstr (lock_file.file_name, CompareOperator.EQ, raw);
    assert_true (lock_file.try_lock (0, null));
    assert_true (exists (raw));
    assert_fails ("locked", () => { new LockFile (raw).try_lock (0, null); });
    assert_true (last_message.validate ());
    assert_true (lock_file.unlock ());
    assert_false (exists (raw));
  });
}

void test_classes_are_final ()
{
  assert_true (Type.from_name ("GLockFile") == typeof (LockFile));
  assert_true (typeof (LockFile).is_a (typeof (Object)));
  assert_true (typeof (LockFileInfo).is_a (typeof (Object)));
}

void test_enumerations ()
{
  LockFileError wanted = new LockFileError.LOST ("gone");
  LockFileHolderState[] states = { UNKNOWN, RUNNING, GONE };

  assert_cmpstr (wanted.domain.to_string (), CompareOperator.EQ, "g-lock-file-error-quark");
  assert_cmpint (wanted.code, CompareOperator.EQ, 7);
  for (int i = 0; i < states.length; i++)
    assert_cmpint (states[i], CompareOperator.EQ, i);
}

int main (string[] args)
{
  Environment.set_application_name ("Türöffner");
  Test.init (ref args);
  Test.add_func ("/vala/new", test_new);
  Test.add_func ("/vala/new-by-properties", test_new_by_properties);
  Test.add_func ("/vala/new-for-file", test_new_for_file);
  Test.add_func ("/vala/stale-lock-time", test_stale_lock_time);
  Test.add_func ("/vala/lock-and-unlock", test_lock_and_unlock);
  Test.add_func ("/vala/locked-by-oneself", test_locked_by_oneself);
  Test.add_func ("/vala/last-reference-unlocks", test_last_reference_unlocks);
  Test.add_func ("/vala/locked-by-another-process", test_locked_by_another_process);
  Test.add_func ("/vala/query-info", test_query_info);
  Test.add_func ("/vala/query-info-of-oneself", test_query_info_of_oneself);
  Test.add_func ("/vala/query-info-of-five-lines", test_query_info_of_five_lines);
  Test.add_func ("/vala/describe", test_describe);
  Test.add_func ("/vala/not-found", test_not_found);
  Test.add_func ("/vala/invalid-data", test_invalid_data);
  Test.add_func ("/vala/lost", test_lost);
  Test.add_func ("/vala/cancelled", test_cancelled);
  Test.add_func ("/vala/previous-holder", test_previous_holder);
  Test.add_func ("/vala/remove-stale", test_remove_stale);
  Test.add_func ("/vala/lock-and-unlock-async", test_lock_and_unlock_async);
  Test.add_func ("/vala/locked-by-another-process-async", test_locked_by_another_process_async);
  Test.add_func ("/vala/one-operation-at-a-time", test_one_operation_at_a_time);
  Test.add_func ("/vala/cancelled-async", test_cancelled_async);
  Test.add_func ("/vala/leftovers-async", test_leftovers_async);
  Test.add_func ("/vala/lost-signal", test_lost_signal);
  Test.add_func ("/vala/file-name-that-is-not-text", test_file_name_that_is_not_text);
  Test.add_func ("/vala/classes-are-final", test_classes_are_final);
  Test.add_func ("/vala/enumerations", test_enumerations);
  return Test.run ();
}
