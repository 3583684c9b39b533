/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the synchronous interface promises of the object, of the file on the
 * disk, and of the process around it.
 */

#include "testutils.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void
count_cb (GObject    *object,
          GParamSpec *property,
          int        *count)
{
  ++*count;
}

/* The object */

static void
test_properties (TestFolder    *folder,
                 gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) built = NULL;
  g_autofree char *file_name = NULL;
  g_autoptr (GLockFileInfo) previous_holder = NULL;
  unsigned int stale_lock_time;
  gboolean locked;

  g_object_get (lock_file,
                "file-name", &file_name,
                "stale-lock-time", &stale_lock_time,
                "locked", &locked,
                "previous-holder", &previous_holder,
                NULL);
  g_assert_cmpstr (file_name, ==, folder->lock_file);
  g_assert_cmpstr (g_lock_file_get_file_name (lock_file), ==, folder->lock_file);
  g_assert_cmpuint (stale_lock_time, ==, 30000);
  g_assert_cmpuint (g_lock_file_get_stale_lock_time (lock_file), ==, 30000);
  g_assert_false (locked);
  g_assert_null (previous_holder);

  built = g_object_new (G_TYPE_LOCK_FILE,
                        "file-name", folder->lock_file,
                        "stale-lock-time", G_MAXUINT,
                        NULL);
  g_assert_cmpstr (g_lock_file_get_file_name (built), ==, folder->lock_file);
  g_assert_cmpuint (g_lock_file_get_stale_lock_time (built), ==, G_MAXUINT);
  test_assert_lock (built, 0);

  /* All of that has touched no file but the last. */
  test_folder_assert_files (folder, "test.lock", NULL);
}

static void
test_notify_stale_lock_time (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int notified = 0;

  g_signal_connect (lock_file, "notify::stale-lock-time", G_CALLBACK (count_cb), &notified);
  g_lock_file_set_stale_lock_time (lock_file, 30000);
  g_object_set (lock_file, "stale-lock-time", 30000, NULL);
  g_assert_cmpint (notified, ==, 0);
  g_lock_file_set_stale_lock_time (lock_file, 0);
  g_assert_cmpint (notified, ==, 1);
  g_object_set (lock_file, "stale-lock-time", 5, NULL);
  g_assert_cmpint (notified, ==, 2);
  g_assert_cmpuint (g_lock_file_get_stale_lock_time (lock_file), ==, 5);
}

static void
test_notify_locked (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GError) error = NULL;
  int notified = 0;

  g_signal_connect (lock_file, "notify::locked", G_CALLBACK (count_cb), &notified);
  test_assert_lock (lock_file, 0);
  g_assert_cmpint (notified, ==, 1);
  test_assert_locked_out (lock_file, 0);
  g_assert_cmpint (notified, ==, 1);
  test_assert_unlock (lock_file);
  g_assert_cmpint (notified, ==, 2);
  test_assert_unlock (lock_file);
  g_assert_cmpint (notified, ==, 2);

  test_assert_answer (helper, "lock", "ok");
  test_assert_locked_out (lock_file, 0);
  g_assert_cmpint (notified, ==, 2);
  test_assert_answer (helper, "unlock", "ok");

  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  g_assert_false (g_lock_file_verify (lock_file, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
  g_assert_cmpint (notified, ==, 4);
}

/* A handler of the notification sees the new state, and may use the object. */
static void
unlock_cb (GObject    *object,
           GParamSpec *property,
           int        *count)
{
  GLockFile *lock_file = G_LOCK_FILE (object);

  if (++*count == 1)
    {
      g_assert_true (g_lock_file_is_locked (lock_file));
      test_assert_unlock (lock_file);
    }
  else
    {
      g_assert_false (g_lock_file_is_locked (lock_file));
    }
}

static void
test_notify_reentrant (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  int notified = 0;

  g_signal_connect (lock_file, "notify::locked", G_CALLBACK (unlock_cb), &notified);
  g_assert_true (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (notified, ==, 2);
  g_assert_false (g_lock_file_is_locked (lock_file));
  test_folder_assert_empty (folder);
}

static void
test_notify_previous_holder (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFileInfo) previous_holder = NULL;
  int notified = 0;

  g_signal_connect (lock_file, "notify::previous-holder", G_CALLBACK (count_cb), &notified);
  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
  g_assert_cmpint (notified, ==, 0);

  test_crash_while_holding (folder->lock_file);
  test_assert_lock (lock_file, 0);
  g_assert_cmpint (notified, ==, 1);
  g_object_get (lock_file, "previous-holder", &previous_holder, NULL);
  g_assert_nonnull (previous_holder);
  g_assert_true (previous_holder == g_lock_file_get_previous_holder (lock_file));
  test_assert_unlock (lock_file);
  g_assert_cmpint (notified, ==, 1);

  test_assert_lock (lock_file, 0);
  g_assert_cmpint (notified, ==, 2);
  g_assert_null (g_lock_file_get_previous_holder (lock_file));
}

static void
test_relative_name (TestFolder    *folder,
                    gconstpointer  data)
{
  static const char * const names[] = { "test.lock", "./test.lock", "elsewhere/../test.lock" };
  g_autofree char *elsewhere = g_build_filename (folder->path, "elsewhere", NULL);
  g_autofree char *current = g_get_current_dir ();

  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  for (unsigned int i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GLockFile) lock_file = NULL;

      g_assert_cmpint (g_chdir (folder->path), ==, 0);
      lock_file = g_lock_file_new (names[i]);
      g_assert_cmpint (g_chdir (elsewhere), ==, 0);
      g_assert_cmpstr (g_lock_file_get_file_name (lock_file), ==, names[i]);
      test_assert_lock (lock_file, 0);
      test_folder_assert_files (folder, "test.lock", "elsewhere", NULL);
      test_assert_unlock (lock_file);
      test_folder_assert_files (folder, "elsewhere", NULL);
    }
  g_assert_cmpint (g_chdir (current), ==, 0);
}

static void
test_new_for_file (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder->lock_file);
  g_autoptr (GFile) remote = g_file_new_for_uri ("glockfile-no-such-scheme://host/test.lock");
  g_autoptr (GFile) resource = g_file_new_for_uri ("resource:///org/gtk/%1b]0;.lock");
  g_autoptr (GLockFile) lock_file = NULL;
  g_autoptr (GError) error = NULL;

  lock_file = g_lock_file_new_for_file (file, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_lock_file_get_file_name (lock_file), ==, folder->lock_file);
  test_assert_lock (lock_file, 0);
  test_folder_assert_files (folder, "test.lock", NULL);

  g_assert_null (g_lock_file_new_for_file (remote, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (g_lock_file_new_for_file (resource, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_null (strchr (error->message, '\033'));
}

static void
test_no_directory (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autofree char *missing = g_build_filename (folder->path, "missing", "test.lock", NULL);
  g_autofree char *below_file = g_build_filename (folder->lock_file, "test.lock", NULL);
  const char *names[] = { missing, below_file, "" };

  test_file_write (folder->lock_file, "a file");
  for (unsigned int i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (names[i]);

      g_assert_cmpstr (g_lock_file_get_file_name (lock_file), ==, names[i]);
      test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND);
      test_assert_lock_error (lock_file, -1, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND);
    }
  test_folder_assert_files (folder, "test.lock", NULL);
}

static void
test_pending (TestFolder    *folder,
              gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestWaiter) waiter = NULL;
  g_autoptr (GError) error = NULL;

  test_assert_lock (holder, 0);
  waiter = test_waiter_start (lock_file, -1, NULL, FALSE);
  test_waiter_await_sleep (waiter);

  test_assert_lock_error (lock_file, 0, NULL, G_IO_ERROR, G_IO_ERROR_PENDING);
  test_assert_lock_error (lock_file, -1, NULL, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (g_lock_file_unlock (lock_file, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_false (g_lock_file_remove_stale (lock_file, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_null (g_lock_file_locker_new (lock_file, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);

  /* The getters answer all the same. */
  g_assert_false (g_lock_file_is_locked (lock_file));
  g_assert_cmpuint (g_lock_file_get_stale_lock_time (lock_file), ==, 30000);
  g_assert_null (g_lock_file_get_previous_holder (lock_file));

  test_assert_unlock (holder);
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
  test_assert_unlock (lock_file);
}

/* One object may be used from several threads: who comes while another is at it
 * gets PENDING or LOCKED, and nobody gets the lock twice. */
static gpointer
use_shared_object (gpointer data)
{
  GLockFile *lock_file = data;

  for (int i = 0; i < 500; i++)
    {
      g_autoptr (GError) error = NULL;

      if (g_lock_file_try_lock (lock_file, 0, NULL, &error))
        {
          g_autoptr (GError) unlock_error = NULL;

          /* Another's attempt may be under way, and fails. */
          while (!g_lock_file_unlock (lock_file, &unlock_error))
            {
              g_assert_error (unlock_error, G_IO_ERROR, G_IO_ERROR_PENDING);
              g_clear_error (&unlock_error);
            }
        }
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
        {
          g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
        }
    }

  return NULL;
}

static void
test_shared_object (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  GThread *threads[4];

  for (unsigned int i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", use_shared_object, lock_file);
  for (unsigned int i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  g_assert_false (g_lock_file_is_locked (lock_file));
  test_folder_assert_empty (folder);
}

static void
test_two_objects (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autofree char *same_file = g_build_filename (folder->path, ".", "test.lock", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (same_file);

  for (int i = 0; i < 3; i++)
    {
      test_assert_lock (lock_file, 0);
      test_assert_locked_out (other, 0);
      test_assert_locked_out (other, 50);
      /* Without a lock of its own this one lets go of nothing. */
      test_assert_unlock (other);
      g_assert_true (g_lock_file_is_locked (lock_file));
      test_assert_verify (lock_file);
      test_assert_unlock (lock_file);

      test_assert_lock (other, 0);
      test_assert_locked_out (lock_file, 0);
      test_assert_unlock (other);
    }
}

static void
test_locked_names_holder (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--name=Text Editor", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("%d", (int) test_helper_get_pid (helper));

  test_assert_answer (helper, "lock", "ok");
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_nonnull (strstr (error->message, "Text Editor"));
  g_assert_nonnull (strstr (error->message, pid));
}

static void
test_drop_last_reference (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);

  test_assert_lock (lock_file, 0);
  g_object_unref (lock_file);
  test_folder_assert_empty (folder);
  test_assert_lock (other, 0);

  /* What was taken away meanwhile is another's. */
  lock_file = g_lock_file_new (folder->lock_file);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  test_assert_lock (lock_file, 0);
  g_clear_object (&other);
  test_folder_assert_files (folder, "test.lock", NULL);
  test_assert_verify (lock_file);
  g_object_unref (lock_file);
  test_folder_assert_empty (folder);
}

static void
test_locker (TestFolder    *folder,
             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  {
    g_autoptr (GLockFileLocker) locker = g_lock_file_locker_new (lock_file, NULL, &error);
    g_autoptr (GLockFileLocker) second = NULL;

    g_assert_no_error (error);
    g_assert_nonnull (locker);
    g_assert_true (g_lock_file_is_locked (lock_file));
    second = g_lock_file_locker_new (lock_file, NULL, &error);
    g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
    g_clear_error (&error);
    g_assert_null (second);
  }
  g_assert_false (g_lock_file_is_locked (lock_file));
  test_folder_assert_empty (folder);

  g_cancellable_cancel (cancellable);
  g_assert_null (g_lock_file_locker_new (lock_file, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* The locker keeps its lock file for as long as it needs it. */
/* What was locked anew in the meantime is not the locker's. */
static void
test_locker_leaves_others_alone (TestFolder    *folder,
                                 gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  GLockFileLocker *locker = g_lock_file_locker_new (lock_file, NULL, &error);

  g_assert_no_error (error);
  test_assert_unlock (lock_file);
  test_assert_lock (lock_file, 0);
  g_lock_file_locker_free (locker);
  g_assert_true (g_lock_file_is_locked (lock_file));
  test_assert_verify (lock_file);
  test_assert_unlock (lock_file);
  test_folder_assert_empty (folder);
}

static void
test_locker_outlives_object (TestFolder    *folder,
                             gconstpointer  data)
{
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);
  GLockFileLocker *locker = g_lock_file_locker_new (lock_file, NULL, NULL);

  g_assert_nonnull (locker);
  g_object_unref (lock_file);
  test_folder_assert_files (folder, "test.lock", NULL);
  g_lock_file_locker_free (locker);
  test_folder_assert_empty (folder);
}

/* Letting go */

static void
test_unlock_without_lock (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  test_assert_unlock (lock_file);
  test_file_write (folder->lock_file, "4711\napplication\nhost\n");
  test_assert_unlock (lock_file);
  test_folder_assert_files (folder, "test.lock", NULL);
}

typedef gboolean (*Notice) (GLockFile  *lock_file,
                            GError    **error);

static void
assert_lost_once (GLockFile *lock_file,
                  Notice     notice)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_lock_file_is_locked (lock_file));
  g_assert_false (notice (lock_file, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
  g_assert_false (g_lock_file_is_locked (lock_file));
  test_assert_unlock (lock_file);
}

static void
test_lost_removed (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  Notice notice = (Notice) data;

  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  assert_lost_once (lock_file, notice);
  test_folder_assert_empty (folder);

  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
}

/* Not even a file with the very same content is ours. */
static void
test_lost_replaced (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = NULL;
  g_autofree char *found = NULL;
  Notice notice = (Notice) data;

  test_assert_lock (lock_file, 0);
  content = test_file_read (folder->lock_file);
  g_assert_true (g_file_set_contents (folder->lock_file, content, -1, NULL));
  assert_lost_once (lock_file, notice);
  found = test_file_read (folder->lock_file);
  g_assert_cmpstr (found, ==, content);
}

static void
test_lost_to_other_process (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  Notice notice = (Notice) data;

  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  test_assert_answer (helper, "lock", "ok");
  assert_lost_once (lock_file, notice);
  test_assert_answer (helper, "verify", "ok");
  test_assert_locked_out (lock_file, 0);
  test_assert_answer (helper, "unlock", "ok");
}

/* A lock file that was moved away stands no longer where others look. */
static void
test_lost_renamed (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autofree char *renamed = g_build_filename (folder->path, "renamed", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  Notice notice = (Notice) data;

  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_rename (folder->lock_file, renamed), ==, 0);
  assert_lost_once (lock_file, notice);
  test_folder_assert_files (folder, "renamed", NULL);
}

static void
test_verify (TestFolder    *folder,
             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;

  g_assert_false (g_lock_file_verify (lock_file, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
  g_clear_error (&error);

  test_assert_lock (lock_file, 0);
  for (int i = 0; i < 3; i++)
    {
      test_assert_verify (lock_file);
      g_assert_no_error (error);
    }
  test_assert_unlock (lock_file);
  g_assert_false (g_lock_file_verify (lock_file, NULL));
}

/* Who cannot delete the file lets go of it all the same. */
static void
test_unlock_not_permitted (TestFolder    *folder,
                           gconstpointer  data)
{
  const char *user = getuid () == 0 ? "--uid=65534" : NULL;
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, user, NULL);
  g_autoptr (TestHelper) other = test_helper_start (folder->lock_file, user, NULL);

  g_assert_cmpint (g_chmod (folder->path, 0777), ==, 0);
  test_assert_answer (helper, "lock", "ok");
  g_assert_cmpint (g_chmod (folder->path, 0555), ==, 0);
  test_assert_answer_error (helper, "unlock",
                            G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_PERMISSION_DENIED);
  test_assert_answer (helper, "is-locked", "no");
  test_assert_answer (helper, "unlock", "ok");
  test_folder_assert_files (folder, "test.lock", NULL);

  g_assert_cmpint (g_chmod (folder->path, 0777), ==, 0);
  test_assert_answer (other, "try 0", "ok");
  test_assert_answer (other, "unlock", "ok");
  test_folder_assert_empty (folder);
}

/* The file */

static const char *
find_field (char       **lines,
            const char  *key)
{
  for (; *lines != NULL; lines++)
    if (g_str_has_prefix (*lines, key) && (*lines)[strlen (key)] == '=')
      return *lines + strlen (key) + 1;

  return NULL;
}

static guint64
own_start_time (void)
{
  g_autofree char *stat = test_file_read ("/proc/self/stat");
  /* The second field is the name in brackets, and may contain anything. */
  g_auto (GStrv) fields = g_strsplit (strrchr (stat, ')') + 2, " ", -1);

  return g_ascii_strtoull (fields[22 - 3], NULL, 10);
}

static void
test_content (TestFolder    *folder,
              gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = NULL;
  g_autofree char *qt_content = test_qt_content (getpid (), NULL, NULL, NULL, NULL);
  g_autofree char *first_token = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GDateTime) since = NULL;
  g_autoptr (GDateTime) now = NULL;
  g_autofree char *namespace = NULL;
  g_autofree char *device = NULL;
  struct stat status;

  test_assert_lock (lock_file, 0);
  content = test_file_read (folder->lock_file);
  g_assert_true (g_str_has_prefix (content, qt_content));
  g_assert_true (g_str_has_suffix (content, "\n"));
  g_assert_true (g_utf8_validate (content, -1, NULL));
  g_assert_cmpint (strlen (content), <=, 4096);

  lines = g_strsplit (content, "\n", -1);
  g_assert_cmpstr (lines[5], ==, "GLockFile 1 flock");
  g_assert_cmpstr (find_field (lines, "user"), ==, g_get_user_name ());
  g_assert_cmpstr (find_field (lines, "name"), ==, "Contract Test");
  g_assert_true (g_uuid_string_is_valid (find_field (lines, "token")));

  now = g_date_time_new_now_utc ();
  since = g_date_time_new_from_iso8601 (find_field (lines, "since"), NULL);
  g_assert_nonnull (since);
  g_assert_cmpint (ABS (g_date_time_difference (now, since)), <, 60 * G_TIME_SPAN_SECOND);

  g_assert_cmpint (stat ("/proc/self/ns/pid", &status), ==, 0);
  namespace = g_strdup_printf ("%lu", (unsigned long) status.st_ino);
  g_assert_cmpstr (find_field (lines, "pidns"), ==, namespace);
  g_assert_cmpuint (g_ascii_strtoull (find_field (lines, "started"), NULL, 10), ==,
                    own_start_time ());
  g_assert_cmpint (stat (folder->lock_file, &status), ==, 0);
  device = g_strdup_printf ("%u:%u", major (status.st_dev), minor (status.st_dev));
  g_assert_cmpstr (find_field (lines, "dev"), ==, device);

  /* A new token for every acquisition. */
  first_token = g_strdup (find_field (lines, "token"));
  test_assert_unlock (lock_file);
  test_assert_lock (lock_file, 0);
  g_clear_pointer (&content, g_free);
  g_clear_pointer (&lines, g_strfreev);
  content = test_file_read (folder->lock_file);
  lines = g_strsplit (content, "\n", -1);
  g_assert_cmpstr (find_field (lines, "token"), !=, first_token);
}

/* A candidate that was kept for some time must not be born old (R2). */
static void
test_content_is_fresh (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestWaiter) waiter = NULL;
  g_autoptr (GLockFileInfo) info = NULL;
  gint64 released;
  struct stat status;

  test_assert_lock (holder, 0);
  waiter = test_waiter_start (lock_file, -1, NULL, FALSE);
  g_usleep (2500 * G_TIME_SPAN_MILLISECOND);
  released = g_get_real_time ();
  test_assert_unlock (holder);
  test_waiter_join (waiter);

  /* The clock of the file system advances with the kernel's ticks. */
  g_assert_cmpint (stat (folder->lock_file, &status), ==, 0);
  g_assert_cmpint (status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000, >=,
                   released - G_TIME_SPAN_SECOND);
  info = g_lock_file_query_info (lock_file, NULL, NULL);
  g_assert_nonnull (info);
  g_assert_cmpint (g_date_time_to_unix (g_lock_file_info_get_locked_since (info)), >=,
                   released / G_USEC_PER_SEC - 1);
}

static void
test_mode (TestFolder    *folder,
           gconstpointer  data)
{
  static const mode_t masks[] = { 0, 022, 027, 077 };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  for (unsigned int i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t before = umask (masks[i]);
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--no-tmpfile", NULL);
      struct stat status;

      test_assert_lock (lock_file, 0);
      g_assert_cmpint (stat (folder->lock_file, &status), ==, 0);
      g_assert_cmpint (status.st_mode, ==, S_IFREG | (0666 & ~masks[i]));
      g_assert_cmpint (status.st_nlink, ==, 1);
      test_assert_unlock (lock_file);
      g_assert_cmpint (umask (before), ==, masks[i]);

      /* The other way to make it (R3) gives the same. */
      test_assert_answer (helper, "lock", "ok");
      g_assert_cmpint (stat (folder->lock_file, &status), ==, 0);
      g_assert_cmpint (status.st_mode, ==, S_IFREG | (0666 & ~masks[i]));
      test_assert_answer (helper, "unlock", "ok");
    }
}

/* Whatever happened before, nothing is left once all have let go: not P, not
 * P.rmlock, no candidate. */
static void
test_no_litter (TestFolder    *folder,
                gconstpointer  data)
{
  static const char * const ways[] = { NULL, "--no-tmpfile", "--no-flock", "--shared" };
  g_autofree char *leftover = test_qt_content (test_dead_pid (), "application", NULL, NULL, NULL);

  for (unsigned int i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, ways[i], NULL);
      g_autoptr (TestHelper) second = test_helper_start (folder->lock_file, ways[i], NULL);

      g_test_message ("The way is %s", ways[i] != NULL ? ways[i] : "the usual one");
      test_assert_answer (helper, "lock", "ok");
      test_folder_assert_files (folder, "test.lock", NULL);
      test_assert_answer_error (second, "try 20", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
      test_helper_kill (helper);
      test_assert_answer (second, "lock", "ok");
      test_folder_assert_files (folder, "test.lock", NULL);
      test_assert_answer (second, "unlock", "ok");
      test_folder_assert_empty (folder);

      test_file_write (folder->lock_file, leftover);
      test_assert_answer (second, "lock", "ok");
      test_folder_assert_files (folder, "test.lock", NULL);
      test_assert_answer (second, "unlock", "ok");
      test_folder_assert_empty (folder);

      test_file_write (folder->lock_file, leftover);
      test_assert_answer (second, "remove-stale", "ok");
      test_folder_assert_empty (folder);
      test_helper_finish (second);
    }
}

/* Forced removal */

static void
test_remove_stale (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *elsewhere = test_qt_content (4711, "application", "another-host",
                                                "0123456789abcdef0123456789abcdef",
                                                "01234567-89ab-cdef-0123-456789abcdef");
  g_autoptr (GError) error = NULL;

  test_crash_while_holding (folder->lock_file);
  g_assert_true (g_lock_file_remove_stale (lock_file, NULL, &error));
  g_assert_no_error (error);
  test_folder_assert_empty (folder);
  g_assert_false (g_lock_file_is_locked (lock_file));

  /* The user has agreed: neither host nor age is asked for. */
  test_file_write (folder->lock_file, elsewhere);
  g_assert_true (g_lock_file_remove_stale (lock_file, NULL, &error));
  g_assert_no_error (error);
  test_folder_assert_empty (folder);
}

static void
assert_remove_stale_error (GLockFile *lock_file,
                           int        code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (g_lock_file_remove_stale (lock_file, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, code);
}

static void
test_remove_stale_errors (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;

  assert_remove_stale_error (lock_file, G_LOCK_FILE_ERROR_NOT_FOUND);

  test_assert_lock (holder, 0);
  assert_remove_stale_error (lock_file, G_LOCK_FILE_ERROR_LOCKED);
  assert_remove_stale_error (holder, G_LOCK_FILE_ERROR_FAILED);
  test_assert_verify (holder);
  test_assert_unlock (holder);

  test_file_write (folder->lock_file, "Dear diary,\n");
  test_file_set_age (folder->lock_file, 3600);
  assert_remove_stale_error (lock_file, G_LOCK_FILE_ERROR_INVALID_DATA);
  test_folder_assert_files (folder, "test.lock", NULL);

  /* Somebody may be about to fill it. */
  test_file_write (folder->lock_file, "");
  assert_remove_stale_error (lock_file, G_LOCK_FILE_ERROR_LOCKED);
  test_folder_assert_files (folder, "test.lock", NULL);
  test_file_set_age (folder->lock_file, 10);
  g_assert_true (g_lock_file_remove_stale (lock_file, NULL, &error));
  g_assert_no_error (error);
  test_folder_assert_empty (folder);
}

/* The process around it */

typedef struct
{
  struct sigaction actions[NSIG];
  sigset_t         mask;
  mode_t           umask;
  char            *directory;
} ProcessState;

static void
process_state_init (ProcessState *state)
{
  for (int number = 1; number < NSIG; number++)
    sigaction (number, NULL, &state->actions[number]);
  sigprocmask (SIG_SETMASK, NULL, &state->mask);
  state->umask = umask (0);
  umask (state->umask);
  state->directory = g_get_current_dir ();
}

static void
process_state_clear (ProcessState *state)
{
  g_free (state->directory);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ProcessState, process_state_clear)

static void
test_process_untouched (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_auto (ProcessState) before = { 0 };
  g_auto (ProcessState) after = { 0 };

  process_state_init (&before);

  test_assert_lock (lock_file, 0);
  test_assert_locked_out (other, 100);
  test_assert_unlock (lock_file);
  test_crash_while_holding (folder->lock_file);
  test_assert_lock (other, 0);
  test_assert_unlock (other);

  process_state_init (&after);
  for (int number = 1; number < NSIG; number++)
    {
      g_assert_true (before.actions[number].sa_handler == after.actions[number].sa_handler);
      g_assert_cmpint (before.actions[number].sa_flags, ==, after.actions[number].sa_flags);
      g_assert_cmpint (sigismember (&before.mask, number), ==, sigismember (&after.mask, number));
    }
  g_assert_cmpint (after.umask, ==, before.umask);
  g_assert_cmpstr (after.directory, ==, before.directory);
}

static void
test_no_thread (TestFolder    *folder,
                gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  TestCosts before, after;

  test_costs_of_process (getpid (), &before);
  for (int i = 0; i < 10; i++)
    {
      test_assert_lock (lock_file, 0);
      test_assert_locked_out (other, 0);
      test_costs_of_process (getpid (), &after);
      g_assert_cmpint (after.threads, ==, before.threads);
      test_assert_unlock (lock_file);
    }
  test_costs_of_process (getpid (), &after);
  g_assert_cmpint (after.threads, ==, before.threads);
}

/* Every way through: taken, refused, waited for, not a lock file, stale. */
static void
go_all_ways (TestFolder *folder,
             const char *leftover)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autofree char *missing = g_build_filename (folder->path, "missing", "test.lock", NULL);
  g_autoptr (GLockFile) nowhere = g_lock_file_new (missing);
  g_autoptr (GLockFileInfo) info = NULL;

  test_assert_lock (lock_file, 0);
  test_assert_locked_out (other, 0);
  test_assert_locked_out (other, 1);
  assert_remove_stale_error (other, G_LOCK_FILE_ERROR_LOCKED);
  info = g_lock_file_query_info (other, NULL, NULL);
  g_assert_nonnull (info);
  test_assert_unlock (lock_file);
  g_assert_null (g_lock_file_query_info (other, NULL, NULL));

  test_file_write (folder->lock_file, leftover);
  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  g_assert_false (g_lock_file_verify (lock_file, NULL));

  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  g_assert_false (g_lock_file_unlock (lock_file, NULL));

  test_file_write (folder->lock_file, leftover);
  g_assert_true (g_lock_file_remove_stale (lock_file, NULL, NULL));
  test_file_write (folder->lock_file, "Dear diary,\n");
  test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
  assert_remove_stale_error (lock_file, G_LOCK_FILE_ERROR_INVALID_DATA);
  g_assert_null (g_lock_file_query_info (lock_file, NULL, NULL));
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);

  test_assert_lock_error (nowhere, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND);
  g_assert_null (g_lock_file_query_info (nowhere, NULL, NULL));
}

static void
test_no_descriptor_leak (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *leftover = NULL;
  int before;

  test_crash_while_holding (folder->lock_file);
  leftover = test_file_read (folder->lock_file);
  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);

  /* What is kept for the whole process, once. */
  for (int i = 0; i < 10; i++)
    go_all_ways (folder, leftover);
  before = test_count_descriptors ();

  for (int i = 0; i < 100; i++)
    go_all_ways (folder, leftover);
  g_assert_cmpint (test_count_descriptors (), <=, before);

  for (int i = 0; i < 1000; i++)
    {
      test_assert_lock (lock_file, 0);
      test_assert_unlock (lock_file);
    }
  g_assert_cmpint (test_count_descriptors (), <=, before);
}

static void
test_close_on_exec (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autoptr (TestWaiter) waiter = NULL;
  g_autoptr (GDir) directory = NULL;
  const char *name;

  test_assert_lock (lock_file, 0);
  waiter = test_waiter_start (other, -1, NULL, FALSE);
  test_waiter_await_sleep (waiter);

  directory = g_dir_open ("/proc/self/fd", 0, NULL);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target == NULL ||
          !(g_str_has_prefix (target, folder->path) || g_str_has_prefix (target, "anon_inode")))
        continue;
      g_test_message ("Descriptor %s is %s", name, target);
      g_assert_cmpint (fcntl (atoi (name), F_GETFD) & FD_CLOEXEC, !=, 0);
    }

  test_assert_unlock (lock_file);
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
}

/* Time */

static void
test_time_limit (TestFolder    *folder,
                 gconstpointer  data)
{
  static const int timeouts[] = { 1, 10, 100, 400 };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);

  test_assert_answer (helper, "lock", "ok");
  for (unsigned int i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      gint64 begin = g_get_monotonic_time ();
      gint64 took;

      test_assert_locked_out (lock_file, timeouts[i]);
      took = g_get_monotonic_time () - begin;
      g_test_message ("A limit of %d ms took %.3f ms", timeouts[i], took / 1000.0);
      g_assert_cmpint (took, >=, timeouts[i] * G_TIME_SPAN_MILLISECOND);
      /* Well below the next safety look, which comes after 5 s (R11). */
      g_assert_cmpint (took, <, (timeouts[i] + 2000) * G_TIME_SPAN_MILLISECOND);
    }
}

static void
test_huge_timeout (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (TestWaiter) waiter = NULL;

  g_lock_file_set_stale_lock_time (lock_file, G_MAXUINT);
  test_assert_answer (helper, "lock", "ok");
  waiter = test_waiter_start (lock_file, GPOINTER_TO_INT (data), NULL, FALSE);
  test_waiter_await_sleep (waiter);
  test_assert_answer (helper, "unlock", "ok");
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
  g_assert_true (waiter->success);
}

#define ADD(name, data, function) \
  g_test_add ("/contract/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)
#define ADD_NOTICED(name, function) \
  ADD (name "/unlock", g_lock_file_unlock, function); \
  ADD (name "/verify", g_lock_file_verify, function)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_set_application_name ("Contract Test");

  ADD ("properties", NULL, test_properties);
  ADD ("notify/stale-lock-time", NULL, test_notify_stale_lock_time);
  ADD ("notify/locked", NULL, test_notify_locked);
  ADD ("notify/reentrant", NULL, test_notify_reentrant);
  ADD ("notify/previous-holder", NULL, test_notify_previous_holder);
  ADD ("relative-name", NULL, test_relative_name);
  ADD ("new-for-file", NULL, test_new_for_file);
  ADD ("no-directory", NULL, test_no_directory);
  ADD ("pending", NULL, test_pending);
  ADD ("shared-object", NULL, test_shared_object);
  ADD ("two-objects", NULL, test_two_objects);
  ADD ("locked-names-holder", NULL, test_locked_names_holder);
  ADD ("drop-last-reference", NULL, test_drop_last_reference);
  ADD ("locker", NULL, test_locker);
  ADD ("locker/leaves-others-alone", NULL, test_locker_leaves_others_alone);
  ADD ("locker/outlives-object", NULL, test_locker_outlives_object);
  ADD ("unlock/without-lock", NULL, test_unlock_without_lock);
  ADD ("unlock/not-permitted", NULL, test_unlock_not_permitted);
  ADD_NOTICED ("lost/removed", test_lost_removed);
  ADD_NOTICED ("lost/replaced", test_lost_replaced);
  ADD_NOTICED ("lost/to-other-process", test_lost_to_other_process);
  ADD_NOTICED ("lost/renamed", test_lost_renamed);
  ADD ("verify", NULL, test_verify);
  ADD ("content", NULL, test_content);
  ADD ("content/fresh", NULL, test_content_is_fresh);
  ADD ("mode", NULL, test_mode);
  ADD ("no-litter", NULL, test_no_litter);
  ADD ("remove-stale", NULL, test_remove_stale);
  ADD ("remove-stale/errors", NULL, test_remove_stale_errors);
  ADD ("process-untouched", NULL, test_process_untouched);
  ADD ("no-thread", NULL, test_no_thread);
  ADD ("no-descriptor-leak", NULL, test_no_descriptor_leak);
  ADD ("close-on-exec", NULL, test_close_on_exec);
  ADD ("time-limit", NULL, test_time_limit);
  ADD ("time-limit/largest", GINT_TO_POINTER (G_MAXINT), test_huge_timeout);
  ADD ("time-limit/smallest", GINT_TO_POINTER (G_MININT), test_huge_timeout);

  return g_test_run ();
}
