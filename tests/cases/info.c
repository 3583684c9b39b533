/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Who holds the lock, who held it before, and how that is told to a user.
 */

#include "testutils.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define OTHER_MACHINE "0123456789abcdef0123456789abcdef"
#define OTHER_BOOT "01234567-89ab-cdef-0123-456789abcdef"

static GLockFileInfo *
query (const char *file_name)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (file_name);
  g_autoptr (GError) error = NULL;
  GLockFileInfo *info = g_lock_file_query_info (lock_file, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (G_IS_LOCK_FILE_INFO (info));
  return info;
}

static GLockFileInfo *
query_content (TestFolder *folder,
               const char *content)
{
  test_file_write (folder->lock_file, content);
  return query (folder->lock_file);
}

static void
assert_query_error (GLockFile *lock_file,
                    int        code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (g_lock_file_query_info (lock_file, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, code);
}

/* What this process, or a helper of the given name, has written into its lock file. */
static void
assert_is_local (GLockFileInfo *info,
                 pid_t          pid,
                 const char    *app_name,
                 const char    *display_name)
{
  g_autofree char *content = test_qt_content (0, NULL, NULL, NULL, NULL);
  g_auto (GStrv) lines = g_strsplit (content, "\n", -1);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  GDateTime *since = g_lock_file_info_get_locked_since (info);

  g_assert_cmpint (g_lock_file_info_get_pid (info), ==, pid);
  g_assert_cmpstr (g_lock_file_info_get_app_name (info), ==, app_name);
  g_assert_cmpstr (g_lock_file_info_get_hostname (info), ==, lines[2]);
  g_assert_cmpstr (g_lock_file_info_get_machine_id (info), ==,
                   lines[3][0] != '\0' ? lines[3] : NULL);
  g_assert_cmpstr (g_lock_file_info_get_boot_id (info), ==, lines[4]);
  g_assert_cmpstr (g_lock_file_info_get_user_name (info), ==, g_get_user_name ());
  g_assert_cmpstr (g_lock_file_info_get_display_name (info), ==, display_name);
  g_assert_true (g_uuid_string_is_valid (g_lock_file_info_get_token (info)));
  g_assert_nonnull (since);
  g_assert_cmpint (ABS (g_date_time_difference (now, since)), <, 60 * G_TIME_SPAN_SECOND);
}

static void
test_own (TestFolder    *folder,
          gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFileInfo) info = NULL;
  g_autofree char *app_name = test_app_name ();
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_assert_true (g_lock_file_try_lock (lock_file, 0, NULL, NULL));
  before = test_file_read (folder->lock_file);
  info = g_lock_file_query_info (lock_file, NULL, NULL);
  g_assert_nonnull (info);
  assert_is_local (info, getpid (), app_name, "Info Test");
  g_assert_cmpint (g_lock_file_info_get_holder_state (info), ==, G_LOCK_FILE_HOLDER_STATE_RUNNING);

  /* Whoever asks disturbs nobody. */
  after = test_file_read (folder->lock_file);
  g_assert_cmpstr (before, ==, after);
  g_assert_true (g_lock_file_verify (lock_file, NULL));
}

static void
test_other_process (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--name=Text Editor", NULL);
  g_autoptr (GLockFileInfo) running = NULL;
  g_autoptr (GLockFileInfo) gone = NULL;
  g_autofree char *app_name = g_path_get_basename (g_getenv ("GLOCKFILE_TEST_HELPER"));

  test_assert_answer (helper, "lock", "ok");
  running = query (folder->lock_file);
  assert_is_local (running, test_helper_get_pid (helper), app_name, "Text Editor");
  g_assert_cmpint (g_lock_file_info_get_holder_state (running), ==,
                   G_LOCK_FILE_HOLDER_STATE_RUNNING);

  test_helper_kill (helper);
  gone = query (folder->lock_file);
  assert_is_local (gone, test_helper_get_pid (helper), app_name, "Text Editor");
  g_assert_cmpint (g_lock_file_info_get_holder_state (gone), ==, G_LOCK_FILE_HOLDER_STATE_GONE);
  g_assert_cmpstr (g_lock_file_info_get_token (gone), ==, g_lock_file_info_get_token (running));
  test_folder_assert_files (folder, "test.lock", NULL);

  /* What an info says does not change later. */
  g_assert_cmpint (g_lock_file_info_get_holder_state (running), ==,
                   G_LOCK_FILE_HOLDER_STATE_RUNNING);
}

static void
test_qt (TestFolder    *folder,
         gconstpointer  data)
{
  g_autofree char *running = test_qt_content (getpid (), NULL, NULL, NULL, NULL);
  g_autofree char *gone = test_qt_content (test_dead_pid (), NULL, NULL, NULL, NULL);
  g_autofree char *rebooted = test_qt_content (getpid (), NULL, NULL, NULL, OTHER_BOOT);
  g_autofree char *renamed = test_qt_content (getpid (), NULL, "formerly", NULL, OTHER_BOOT);
  g_autofree char *elsewhere = test_qt_content (4711, "gedit", "ws1", OTHER_MACHINE, OTHER_BOOT);
  const struct
  {
    const char           *content;
    GLockFileHolderState  state;
  } cases[] = {
    { running, G_LOCK_FILE_HOLDER_STATE_RUNNING },
    { gone, G_LOCK_FILE_HOLDER_STATE_GONE },
    { rebooted, G_LOCK_FILE_HOLDER_STATE_GONE },
    { renamed, G_LOCK_FILE_HOLDER_STATE_GONE },
    { elsewhere, G_LOCK_FILE_HOLDER_STATE_UNKNOWN },
  };

  for (unsigned int i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GLockFileInfo) info = query_content (folder, cases[i].content);

      g_test_message ("%s", cases[i].content);
      g_assert_cmpint (g_lock_file_info_get_holder_state (info), ==, cases[i].state);
      g_assert_null (g_lock_file_info_get_display_name (info));
      g_assert_null (g_lock_file_info_get_token (info));
      if (cases[i].content == elsewhere)
        {
          g_assert_cmpint (g_lock_file_info_get_pid (info), ==, 4711);
          g_assert_cmpstr (g_lock_file_info_get_app_name (info), ==, "gedit");
          g_assert_cmpstr (g_lock_file_info_get_hostname (info), ==, "ws1");
          g_assert_cmpstr (g_lock_file_info_get_machine_id (info), ==, OTHER_MACHINE);
          g_assert_cmpstr (g_lock_file_info_get_boot_id (info), ==, OTHER_BOOT);
        }
    }
}

static void
test_old_formats (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autoptr (GLockFileInfo) three_lines = query_content (folder, "4711\ngedit\nws1\n");
  g_autoptr (GLockFileInfo) pid_only = query_content (folder, "4711");

  g_assert_cmpint (g_lock_file_info_get_pid (three_lines), ==, 4711);
  g_assert_cmpstr (g_lock_file_info_get_app_name (three_lines), ==, "gedit");
  g_assert_cmpstr (g_lock_file_info_get_hostname (three_lines), ==, "ws1");
  g_assert_null (g_lock_file_info_get_machine_id (three_lines));
  g_assert_null (g_lock_file_info_get_boot_id (three_lines));

  g_assert_cmpint (g_lock_file_info_get_pid (pid_only), ==, 4711);
}

static void
test_errors (TestFolder    *folder,
             gconstpointer  data)
{
  g_autofree char *missing = g_build_filename (folder->path, "missing", "test.lock", NULL);
  g_autofree char *text = g_strnfill (10240, 'x');
  g_autoptr (GLockFile) nowhere = g_lock_file_new (missing);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  assert_query_error (lock_file, G_LOCK_FILE_ERROR_NOT_FOUND);
  assert_query_error (nowhere, G_LOCK_FILE_ERROR_NOT_FOUND);
  test_file_write (folder->lock_file, "");
  assert_query_error (lock_file, G_LOCK_FILE_ERROR_INVALID_DATA);
  test_file_write (folder->lock_file, "Dear diary,\n");
  assert_query_error (lock_file, G_LOCK_FILE_ERROR_INVALID_DATA);
  test_file_write (folder->lock_file, text);
  assert_query_error (lock_file, G_LOCK_FILE_ERROR_INVALID_DATA);

  g_assert_cmpint (g_unlink (folder->lock_file), ==, 0);
  g_assert_cmpint (g_mkdir (folder->lock_file, 0700), ==, 0);
  assert_query_error (lock_file, G_LOCK_FILE_ERROR_INVALID_DATA);
  test_folder_assert_files (folder, "test.lock", NULL);
}

static void
test_not_permitted (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file,
                                                     getuid () == 0 ? "--uid=65534" : NULL, NULL);

  test_file_write (folder->lock_file, "4711\ngedit\nws1\n");
  g_assert_cmpint (g_chmod (folder->path, 0755), ==, 0);
  g_assert_cmpint (g_chmod (folder->lock_file, 0), ==, 0);
  test_assert_answer_error (helper, "query",
                            G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_PERMISSION_DENIED);
}

static void
test_cancelled (TestFolder    *folder,
                gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  test_file_write (folder->lock_file, "4711\ngedit\nws1\n");
  g_cancellable_cancel (cancellable);
  g_assert_null (g_lock_file_query_info (lock_file, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_properties (TestFolder    *folder,
                 gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFileInfo) info = NULL;
  g_autofree GParamSpec **properties = NULL;
  unsigned int n_properties;
  g_autofree char *hostname = NULL;
  g_autofree char *app_name = NULL;
  g_autofree char *display_name = NULL;
  g_autofree char *user_name = NULL;
  g_autofree char *machine_id = NULL;
  g_autofree char *boot_id = NULL;
  g_autofree char *token = NULL;
  g_autoptr (GDateTime) locked_since = NULL;
  GLockFileHolderState holder_state;
  gint64 pid;

  g_assert_true (g_lock_file_try_lock (lock_file, 0, NULL, NULL));
  info = query (folder->lock_file);
  g_object_get (info,
                "pid", &pid,
                "hostname", &hostname,
                "app-name", &app_name,
                "display-name", &display_name,
                "user-name", &user_name,
                "machine-id", &machine_id,
                "boot-id", &boot_id,
                "token", &token,
                "locked-since", &locked_since,
                "holder-state", &holder_state,
                NULL);
  g_assert_cmpint (pid, ==, g_lock_file_info_get_pid (info));
  g_assert_cmpstr (hostname, ==, g_lock_file_info_get_hostname (info));
  g_assert_cmpstr (app_name, ==, g_lock_file_info_get_app_name (info));
  g_assert_cmpstr (display_name, ==, g_lock_file_info_get_display_name (info));
  g_assert_cmpstr (user_name, ==, g_lock_file_info_get_user_name (info));
  g_assert_cmpstr (machine_id, ==, g_lock_file_info_get_machine_id (info));
  g_assert_cmpstr (boot_id, ==, g_lock_file_info_get_boot_id (info));
  g_assert_cmpstr (token, ==, g_lock_file_info_get_token (info));
  g_assert_true (g_date_time_equal (locked_since, g_lock_file_info_get_locked_since (info)));
  g_assert_cmpint (holder_state, ==, g_lock_file_info_get_holder_state (info));

  /* That is all of them, and none can be written later. */
  properties = g_object_class_list_properties (G_OBJECT_GET_CLASS (info), &n_properties);
  g_assert_cmpuint (n_properties, ==, 10);
  for (unsigned int i = 0; i < n_properties; i++)
    g_assert_true (!(properties[i]->flags & G_PARAM_WRITABLE) ||
                   (properties[i]->flags & G_PARAM_CONSTRUCT_ONLY));
}

static void
test_previous_holder (TestFolder    *folder,
                      gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--name=Text Editor", NULL);
  g_autofree char *app_name = g_path_get_basename (g_getenv ("GLOCKFILE_TEST_HELPER"));
  g_autofree char *token = NULL;
  GLockFileInfo *info;

  test_assert_answer (helper, "lock", "ok");
  info = query (folder->lock_file);
  token = g_strdup (g_lock_file_info_get_token (info));
  g_object_unref (info);
  test_helper_kill (helper);

  g_assert_true (g_lock_file_try_lock (lock_file, 0, NULL, NULL));
  info = g_lock_file_get_previous_holder (lock_file);
  g_assert_nonnull (info);
  assert_is_local (info, test_helper_get_pid (helper), app_name, "Text Editor");
  g_assert_cmpstr (g_lock_file_info_get_token (info), ==, token);
  g_assert_cmpint (g_lock_file_info_get_holder_state (info), ==, G_LOCK_FILE_HOLDER_STATE_GONE);
  g_assert_true (g_lock_file_unlock (lock_file, NULL));

  /* A good end leaves no previous holder. */
  g_assert_true (g_lock_file_try_lock (lock_file, 0, NULL, NULL));
  g_assert_null (g_lock_file_get_previous_holder (lock_file));
}

/* Also for who was waiting already when the holder crashed, and not for who came
 * after that one. */
static void
test_previous_holder_waiting (TestFolder    *folder,
                              gconstpointer  data)
{
  g_autoptr (TestHelper) holder = test_helper_start (folder->lock_file, "--name=Holder", NULL);
  g_autoptr (TestHelper) waiter = test_helper_start (folder->lock_file, NULL);
  g_autoptr (TestHelper) next = test_helper_start (folder->lock_file, NULL);
  g_autofree char *expected = g_strdup_printf ("ok pid=%d state=gone ",
                                               test_helper_get_pid (holder));
  g_autofree char *answer = NULL;

  test_assert_answer (holder, "lock", "ok");
  test_helper_send (waiter, "lock");
  test_helper_await_sleep (waiter);
  test_helper_kill (holder);
  test_assert_read (waiter, "ok");
  answer = test_helper_ask (waiter, "previous");
  g_assert_true (g_str_has_prefix (answer, expected));
  g_assert_true (g_str_has_suffix (answer, " name=Holder"));

  test_helper_send (next, "lock");
  test_helper_await_sleep (next);
  test_assert_answer (waiter, "unlock", "ok");
  test_assert_read (next, "ok");
  test_assert_answer (next, "previous", "none");
}

/* Text for a dialog */

static gboolean
is_unsafe (gunichar c)
{
  return (c != '\n' && g_unichar_iscntrl (c)) ||
         c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void
element_cb (GMarkupParseContext  *context,
            const char           *name,
            const char          **attribute_names,
            const char          **attribute_values,
            gpointer              data,
            GError              **error)
{
  ++*(int *) data;
}

/* Shown as it is, or taken for markup by a careless dialog: it is one and the same text. */
static void
assert_safe (GLockFileInfo *info)
{
  static const GMarkupParser parser = { .start_element = element_cb };
  int elements = 0;
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &elements,
                                                                        NULL);
  g_autofree char *text = g_lock_file_info_describe (info);
  g_autofree char *element = g_strconcat ("<text>", text, "</text>", NULL);
  g_autoptr (GError) error = NULL;

  g_test_message ("%s", text);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (text, -1), <, 800);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (is_unsafe (g_utf8_get_char (p)))
      g_error ("The character U+%04X in “%s” is not safe", g_utf8_get_char (p), text);

  g_markup_parse_context_parse (context, element, -1, &error);
  g_markup_parse_context_end_parse (context, error == NULL ? &error : NULL);
  g_assert_no_error (error);
  g_assert_cmpint (elements, ==, 1);
}

static void
test_describe (TestFolder    *folder,
               gconstpointer  data)
{
  static const char content[] = "4711\ngedit\nws1\n" OTHER_MACHINE "\n" OTHER_BOOT "\n"
                                "GLockFile 1 flock\n"
                                "user=alice\nname=Text Editor\nsince=2026-01-05T10:42:00Z\n";
  g_autoptr (GLockFileInfo) info = query_content (folder, content);
  g_autofree char *text = g_lock_file_info_describe (info);

  assert_safe (info);
  g_assert_nonnull (strstr (text, "Text Editor"));
  g_assert_nonnull (strstr (text, "gedit"));
  g_assert_nonnull (strstr (text, "4711"));
  g_assert_nonnull (strstr (text, "alice"));
  g_assert_nonnull (strstr (text, "ws1"));
}

/* With whatever is missing there is a sentence still. */
static void
test_describe_little (TestFolder    *folder,
                      gconstpointer  data)
{
  static const char * const contents[] = {
    "4711", "4711\n", "4711\n\n\n", "4711\n\n\n\n\n", "4711\ngedit\n", "4711\n\nws1\n",
    "4711\ngedit\nws1\n\n\nGLockFile 1 flock\n",
    "4711\n\n\n\n\nGLockFile 1 flock\nuser=\nname=\nsince=\ntoken=\n",
    "4711\n\n\n\n\nGLockFile 1 none\nuser=alice\nsince=yesterday\npidns=x\nstarted=-1\ndev=:\n",
  };

  for (unsigned int i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GLockFileInfo) info = query_content (folder, contents[i]);
      g_autofree char *text = g_lock_file_info_describe (info);

      assert_safe (info);
      g_assert_nonnull (strstr (text, "4711"));
    }
}

static void
test_describe_hostile (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autofree char *long_text = g_strnfill (900, 'x');
  g_autofree char *long_entities = g_strnfill (900, '&');
  const char *values[] = {
    "\xe2\x80\xae" "txet\xe2\x80\xac",                          /* right-to-left override */
    "\xe2\x81\xa6" "isolate\xe2\x81\xa9" "\xd8\x9c",
    "\xe2\x80\xa8line\xe2\x80\xa9paragraph\xc2\x85next",
    "<b>bold</b>", "&amp;", "&", "</text><text>", "<!-- ", "]]>", "<a href=\"x\">y</a>",
    "\\x1b[31m", "\\n\\nYou have won", "\\x07", "\\xff", "\\x80\\x9b", "\\",
    "\xff\xfe", "\xc3", "\xed\xa0\x80", "%s%n%d", "\t\ttab",
    long_text, long_entities,
  };

  for (unsigned int i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *fields = g_strdup_printf ("4711\n%s\n%s\n%s\n%s\nGLockFile 1 flock\n"
                                                 "user=alice\nname=Text Editor\n",
                                                 values[i], values[i], values[i], values[i]);
      g_autofree char *keys = g_strdup_printf ("4711\ngedit\nws1\n\n\nGLockFile 1 flock\n"
                                               "user=%s\nname=%s\nsince=%s\ntoken=%s\n",
                                               values[i], values[i], values[i], values[i]);
      const char *contents[] = { fields, keys };

      for (unsigned int j = 0; j < G_N_ELEMENTS (contents); j++)
        {
          g_autoptr (GLockFileInfo) info = query_content (folder, contents[j]);

          assert_safe (info);
          g_assert_true (g_utf8_validate (g_lock_file_info_get_app_name (info), -1, NULL));
          g_assert_true (g_utf8_validate (g_lock_file_info_get_hostname (info), -1, NULL));
          g_assert_true (g_utf8_validate (g_lock_file_info_get_user_name (info), -1, NULL));
          g_assert_true (g_utf8_validate (g_lock_file_info_get_display_name (info), -1, NULL));
        }
    }
}

/* The message that names the holder is shown as well. */
static void
test_hostile_holder_in_error (TestFolder    *folder,
                              gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;

  test_file_write (folder->lock_file,
                   "4711\n\xe2\x80\xae\xff<b>\nws1\n" OTHER_MACHINE "\n" OTHER_BOOT "\n"
                   "GLockFile 1 flock\nname=\\x1b[31m\\n\xe2\x80\xae\n");
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  for (const char *p = error->message; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_false (is_unsafe (g_utf8_get_char (p)));
}

/* What an application calls itself must not spoil the file either. */
static void
test_hostile_own_name (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autofree char *long_name = g_strnfill (5000, 'n');
  g_autofree char *option = g_strconcat ("--name=", long_name, NULL);
  const char *options[] = { "--name=a\nGLockFile 1 none\nuser=mallory", "--name=\\x1b\\n",
                            "--name=\x1b", option };
  const char *names[] = { "a\nGLockFile 1 none\nuser=mallory", "\\x1b\\n", "\x1b", NULL };

  for (unsigned int i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, options[i], NULL);
      g_autoptr (GLockFileInfo) info = NULL;
      g_autofree char *content = NULL;

      test_assert_answer (helper, "lock", "ok");
      content = test_file_read (folder->lock_file);
      g_assert_cmpint (strlen (content), <=, 4096);
      for (const char *p = content; *p != '\0'; p++)
        g_assert_true (*p == '\n' || !g_ascii_iscntrl (*p));

      info = query (folder->lock_file);
      g_assert_cmpstr (g_lock_file_info_get_user_name (info), ==, g_get_user_name ());
      if (names[i] != NULL)
        g_assert_cmpstr (g_lock_file_info_get_display_name (info), ==, names[i]);
      else
        g_assert_true (g_str_has_prefix (long_name, g_lock_file_info_get_display_name (info)));
      assert_safe (info);
      test_assert_answer (helper, "unlock", "ok");
    }
}

#define ADD(name, function) \
  g_test_add ("/info/" name, TestFolder, NULL, test_folder_set_up, function, test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_set_application_name ("Info Test");

  ADD ("own", test_own);
  ADD ("other-process", test_other_process);
  ADD ("qt", test_qt);
  ADD ("old-formats", test_old_formats);
  ADD ("errors", test_errors);
  ADD ("not-permitted", test_not_permitted);
  ADD ("cancelled", test_cancelled);
  ADD ("properties", test_properties);
  ADD ("previous-holder", test_previous_holder);
  ADD ("previous-holder/waiting", test_previous_holder_waiting);
  ADD ("describe", test_describe);
  ADD ("describe/little", test_describe_little);
  ADD ("describe/hostile", test_describe_hostile);
  ADD ("hostile/holder-in-error", test_hostile_holder_in_error);
  ADD ("hostile/own-name", test_hostile_own_name);

  return g_test_run ();
}
