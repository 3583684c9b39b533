/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Hostile content, and hostile names of files, where they are shown; what a description
 * makes of single characters is in cases/info.c. Warnings are fatal here.
 */

#include "testutils.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define OTHER_IDS "0123456789abcdef0123456789abcdef\n01234567-89ab-cdef-0123-456789abcdef\n"

/* --- Times ------------------------------------------------------------------ */

/* Where it is the latest, and the earliest. */
static const char * const zones[] = { "UTC", "<+14>-14", "<-12>12" };

static void
assert_described (GLockFile *lock_file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) lock_error = NULL;
  g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock_file, NULL, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_lock_file_info_describe (info);
  g_test_message ("%s", text);
  g_assert_null (strstr (text, "(null)"));
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &lock_error));
  g_assert_error (lock_error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_null (strstr (lock_error->message, "(null)"));
}

/* The time zone is read once, so each is for a process of its own. */
static void
test_claimed_time (TestFolder    *folder,
                   gconstpointer  zone)
{
  static const char * const times[] = {
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
    "99999999999-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "now", "",
  };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  if (!g_test_subprocess ())
    {
      g_setenv ("TZ", zone, TRUE);
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *content = g_strdup_printf ("4711\ngedit\nws1\n" OTHER_IDS
                                                  "GLockFile 1 flock\nuser=alice\n"
                                                  "name=Text Editor\nsince=%s\n", times[i]);

      test_file_write (folder->lock_file, content);
      assert_described (lock_file);
    }
}

/* The owner of a file can give it any time, on tmpfs also one that no calendar has. */
static void
test_file_time (TestFolder    *folder,
                gconstpointer  zone)
{
  static const gint64 times[] = {
    G_MAXINT64, G_MININT64, G_MAXINT64 / G_USEC_PER_SEC, G_MAXINT64 / G_USEC_PER_SEC + 1,
    253402300799, 253402300800, -62135596800, -62135596801, 0, -1,
  };
  g_autofree char *path = NULL;
  g_autoptr (GLockFile) lock_file = NULL;

  if (!g_test_subprocess ())
    {
      g_setenv ("TZ", zone, TRUE);
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  path = g_file_test ("/dev/shm", G_FILE_TEST_IS_DIR)
           ? g_strdup ("/dev/shm/glockfile-test-XXXXXX")
           : g_build_filename (folder->path, "XXXXXX", NULL);
  close (g_mkstemp (path));
  lock_file = g_lock_file_new (path);
  /* So that an age decides nothing. */
  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (path, "4711\ngedit\nws1\n" OTHER_IDS);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      const struct timespec to[2] = { { times[i], 999999999 }, { times[i], 999999999 } };

      if (utimensat (AT_FDCWD, path, to, 0) == 0)
        assert_described (lock_file);
    }
  g_assert_no_errno (g_unlink (path));
}

/* --- Names of files --------------------------------------------------------- */

static void
assert_tame (const char *text)
{
  g_test_message ("%s", text);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
          c == 0x061c || c == 0x200e || c == 0x200f)
        g_error ("The character U+%04X in “%s” is not safe", c, text);
    }
}

#define assert_tame_error(error) \
  G_STMT_START { \
    g_assert_nonnull (error); \
    assert_tame ((error)->message); \
    g_clear_error (&(error)); \
  } G_STMT_END

/* Who named the document has named its lock file. The name is a terminal's commands, or
 * turns round what is behind it; every message has it. */
static void
test_file_name (TestFolder    *folder,
                gconstpointer  name)
{
  g_autofree char *path = g_build_filename (folder->path, name, NULL);
  g_autofree char *removal_path = g_strconcat (path, ".rmlock", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GLockFile) other = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_null (g_lock_file_query_info (lock_file, NULL, &error));
  assert_tame_error (error);
  g_assert_false (g_lock_file_remove_stale (lock_file, NULL, &error));
  assert_tame_error (error);

  test_assert_lock (lock_file, 0);
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  assert_tame_error (error);
  g_assert_false (g_lock_file_try_lock (other, 0, NULL, &error));
  assert_tame_error (error);
  g_assert_false (g_lock_file_remove_stale (lock_file, NULL, &error));
  assert_tame_error (error);
  g_assert_no_errno (g_unlink (path));
  g_assert_false (g_lock_file_verify (lock_file, &error));
  assert_tame_error (error);

  g_assert_no_errno (g_mkdir (removal_path, 0777));
  test_crash_while_holding (path);
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  assert_tame_error (error);
  test_file_write (path, "Dear Anna,\n");
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  assert_tame_error (error);
}

/* --- Sizes ------------------------------------------------------------------ */

/* One line of a mebibyte is as good as any other document. */
static void
test_long_line (TestFolder    *folder,
                gconstpointer  begin)
{
  g_autofree char *line = g_strnfill (1 << 20, 'x');
  g_autofree char *content = g_strconcat (begin, line, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;

  test_file_write (folder->lock_file, content);
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
  g_assert_cmpint (strlen (error->message), <, 1000);
  g_clear_error (&error);
  g_assert_null (g_lock_file_query_info (lock_file, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    {
      g_autofree char *claimed = g_strconcat ("/content/claimed-time/", zones[i], NULL);
      g_autofree char *of_file = g_strconcat ("/content/time-of-file/", zones[i], NULL);

      ADD (claimed, zones[i], test_claimed_time);
      ADD (of_file, zones[i], test_file_time);
    }
  ADD ("/content/file-name/terminal", "a\x1b[31m\x1b]0;title\x07\r\nb\x7f\xc2\x9b.lock",
       test_file_name);
  ADD ("/content/file-name/direction",
       "a\xe2\x80\xae" "kcol\xe2\x80\xac\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c\xe2\x80\x8f.lock",
       test_file_name);
  ADD ("/content/file-name/lines", "a\xe2\x80\xa8" "b\xe2\x80\xa9" "c\xc2\x85.lock",
       test_file_name);
  ADD ("/content/file-name/not-utf-8", "a\xff\xfe\x9b" "31m.lock", test_file_name);
  ADD ("/content/long-line", "", test_long_line);
  ADD ("/content/long-line/name", "4711\n", test_long_line);
  ADD ("/content/long-line/value", "4711\ngedit\nws1\n" OTHER_IDS "GLockFile 1 flock\nname=",
       test_long_line);

  return g_test_run ();
#undef ADD
}
