/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The asynchronous operations: what they do, where and in which order they tell of
 * it, and how they stand misuse.
 */

#include "asyncutils.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define CHAIN 1000
#define THREADS 8
#define CYCLES 40
#define ROUNDS 200

/* A user who owns nothing. */
#define NOBODY 65534

/* --- All operations alike --------------------------------------------------- */

typedef enum
{
  LOCK,
  TRY_LOCK,
  UNLOCK,
  VERIFY,
  QUERY_INFO,
  REMOVE_STALE,
  N_OPERATIONS
} Operation;

static gboolean
operate (Operation      operation,
         GLockFile     *lock_file,
         GCancellable  *cancellable,
         GError       **error)
{
  g_autoptr (GLockFileInfo) info = NULL;

  switch (operation)
    {
    case LOCK:
      return g_lock_file_lock (lock_file, cancellable, error);
    case TRY_LOCK:
      return g_lock_file_try_lock (lock_file, 0, cancellable, error);
    case UNLOCK:
      return g_lock_file_unlock (lock_file, error);
    case VERIFY:
      return g_lock_file_verify (lock_file, error);
    case QUERY_INFO:
      info = g_lock_file_query_info (lock_file, cancellable, error);
      return info != NULL;
    case REMOVE_STALE:
      return g_lock_file_remove_stale (lock_file, cancellable, error);
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }
}

static void
operate_async (Operation     operation,
               GLockFile    *lock_file,
               int           io_priority,
               GCancellable *cancellable,
               TestResult   *result)
{
  GAsyncReadyCallback callback = result != NULL ? test_result_cb : NULL;

  switch (operation)
    {
    case LOCK:
      g_lock_file_lock_async (lock_file, io_priority, cancellable, callback, result);
      break;
    case TRY_LOCK:
      g_lock_file_try_lock_async (lock_file, 0, io_priority, cancellable, callback, result);
      break;
    case UNLOCK:
      g_lock_file_unlock_async (lock_file, io_priority, cancellable, callback, result);
      break;
    case VERIFY:
      g_lock_file_verify_async (lock_file, io_priority, cancellable, callback, result);
      break;
    case QUERY_INFO:
      g_lock_file_query_info_async (lock_file, io_priority, cancellable, callback, result);
      break;
    case REMOVE_STALE:
      g_lock_file_remove_stale_async (lock_file, io_priority, cancellable, callback, result);
      break;
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }
}

static void
assert_try_fails (GLockFile *lock_file,
                  int        timeout,
                  int        code)
{
  g_auto (TestResult) result = { 0 };

  g_lock_file_try_lock_async (lock_file, timeout, G_PRIORITY_DEFAULT, NULL, test_result_cb,
                              &result);
  test_assert_failure (&result, G_LOCK_FILE_ERROR, code);
}

/* --- Success ---------------------------------------------------------------- */

static void
test_success (TestFolder    *folder,
              gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) tried = { 0 };
  g_auto (TestResult) asked = { 0 };
  g_auto (TestResult) removed = { 0 };

  test_assert_lock_async (lock_file);
  test_assert_verify (lock_file);
  test_folder_assert_files (folder, "test.lock", NULL);

  g_lock_file_query_info_async (other, G_PRIORITY_DEFAULT, NULL, test_result_cb, &asked);
  test_assert_success (&asked);
  g_assert_cmpint (g_lock_file_info_get_pid (asked.info), ==, getpid ());
  g_assert_cmpint (g_lock_file_info_get_holder_state (asked.info), ==,
                   G_LOCK_FILE_HOLDER_STATE_RUNNING);

  test_assert_unlock_async (lock_file);
  test_folder_assert_empty (folder);
  /* Without a lock there is nothing to do. */
  test_assert_unlock_async (lock_file);

  g_lock_file_try_lock_async (other, 0, G_PRIORITY_DEFAULT, NULL, test_result_cb, &tried);
  test_assert_success (&tried);
  g_assert_true (tried.was_locked);
  test_assert_unlock_async (other);

  test_crash_while_holding (folder->lock_file);
  g_lock_file_remove_stale_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &removed);
  test_assert_success (&removed);
  test_folder_assert_empty (folder);
}

/* What one half of the interface has begun, the other can end. */
static void
test_mixed_with_synchronous (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  test_assert_lock_async (lock_file);
  test_assert_unlock (lock_file);
  test_assert_lock (lock_file, 0);
  test_assert_unlock_async (lock_file);
  test_folder_assert_empty (folder);
}

static void
test_time_limits (TestFolder    *folder,
                  gconstpointer  data)
{
  static const int unlimited[] = { -1, G_MININT, G_MAXINT };
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  gint64 begin;

  test_assert_answer (helper, "lock", "ok");
  assert_try_fails (lock_file, 0, G_LOCK_FILE_ERROR_LOCKED);
  begin = g_get_monotonic_time ();
  assert_try_fails (lock_file, 100, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 100 * G_TIME_SPAN_MILLISECOND);

  for (gsize i = 0; i < G_N_ELEMENTS (unlimited); i++)
    {
      g_auto (TestResult) result = { 0 };

      g_lock_file_try_lock_async (lock_file, unlimited[i], G_PRIORITY_DEFAULT, NULL,
                                  test_result_cb, &result);
      test_run_for (150 * G_TIME_SPAN_MILLISECOND);
      g_assert_false (result.done);
      test_assert_answer (helper, "unlock", "ok");
      test_assert_success (&result);
      test_assert_unlock_async (lock_file);
      test_assert_answer (helper, "lock", "ok");
    }
}

/* --- Errors ----------------------------------------------------------------- */

typedef struct
{
  const char *name;
  Operation   operation;
  void      (*set_up) (TestFolder *folder,
                       GLockFile  *lock_file);
  const char *file_name;        /* in the folder; NULL: the usual one */
  int         code;
} Failure;

static void
make_document (TestFolder *folder,
               GLockFile  *lock_file)
{
  test_file_write (folder->lock_file, "It was a dark and stormy night.\n");
}

static void
make_empty_file (TestFolder *folder,
                 GLockFile  *lock_file)
{
  test_file_write (folder->lock_file, "");
}

static void
lock_it (TestFolder *folder,
         GLockFile  *lock_file)
{
  if (!g_lock_file_is_locked (lock_file))
    test_assert_lock (lock_file, 0);
}

static void
lock_and_replace (TestFolder *folder,
                  GLockFile  *lock_file)
{
  g_autofree char *other = g_build_filename (folder->path, "other", NULL);

  g_unlink (folder->lock_file);
  test_assert_lock (lock_file, 0);
  test_file_write (other, "another file\n");
  g_assert_no_errno (g_rename (other, folder->lock_file));
}

static void
lock_for_another (TestFolder *folder,
                  GLockFile  *lock_file)
{
  GLockFile *holder = g_object_get_data (G_OBJECT (lock_file), "holder");

  if (holder == NULL)
    {
      holder = g_lock_file_new (folder->lock_file);
      g_object_set_data_full (G_OBJECT (lock_file), "holder", holder, g_object_unref);
      test_assert_lock (holder, 0);
    }
}

static void
give_rights_back (TestFolder *folder)
{
  if (getuid () == 0)
    g_assert_no_errno (seteuid (0));
  g_assert_no_errno (g_chmod (folder->path, 0755));
}

/* As somebody who may not write in the folder; root may do that anywhere. */
static void
take_rights (TestFolder *folder)
{
  give_rights_back (folder);
  g_assert_no_errno (g_chmod (folder->path, 0555));
  if (getuid () == 0)
    g_assert_no_errno (seteuid (NOBODY));
}

static void
forbid_writing (TestFolder *folder,
                GLockFile  *lock_file)
{
  take_rights (folder);
}

static void
lock_and_forbid_entering (TestFolder *folder,
                          GLockFile  *lock_file)
{
  give_rights_back (folder);
  if (!g_lock_file_is_locked (lock_file))
    test_assert_lock (lock_file, 0);
  g_assert_no_errno (g_chmod (folder->path, 0444));
  if (getuid () == 0)
    g_assert_no_errno (seteuid (NOBODY));
}

static void
lock_and_forbid_writing (TestFolder *folder,
                         GLockFile  *lock_file)
{
  give_rights_back (folder);
  g_unlink (folder->lock_file);
  test_assert_lock (lock_file, 0);
  take_rights (folder);
}

static const Failure failures[] = {
  { "lock/no-folder", LOCK, NULL, "missing/test.lock", G_LOCK_FILE_ERROR_NOT_FOUND },
  { "lock/document", LOCK, make_document, NULL, G_LOCK_FILE_ERROR_INVALID_DATA },
  { "lock/forbidden", LOCK, forbid_writing, NULL, G_LOCK_FILE_ERROR_PERMISSION_DENIED },
  { "lock/locked-by-itself", LOCK, lock_it, NULL, G_LOCK_FILE_ERROR_LOCKED },
  { "try-lock/locked-by-itself", TRY_LOCK, lock_it, NULL, G_LOCK_FILE_ERROR_LOCKED },
  { "try-lock/locked-by-another", TRY_LOCK, lock_for_another, NULL, G_LOCK_FILE_ERROR_LOCKED },
  { "try-lock/no-folder", TRY_LOCK, NULL, "missing/test.lock", G_LOCK_FILE_ERROR_NOT_FOUND },
  { "try-lock/document", TRY_LOCK, make_document, NULL, G_LOCK_FILE_ERROR_INVALID_DATA },
  { "unlock/replaced", UNLOCK, lock_and_replace, NULL, G_LOCK_FILE_ERROR_LOST },
  { "unlock/forbidden", UNLOCK, lock_and_forbid_writing, NULL,
    G_LOCK_FILE_ERROR_PERMISSION_DENIED },
  { "verify/not-locked", VERIFY, NULL, NULL, G_LOCK_FILE_ERROR_LOST },
  { "verify/replaced", VERIFY, lock_and_replace, NULL, G_LOCK_FILE_ERROR_LOST },
  { "verify/forbidden", VERIFY, lock_and_forbid_entering, NULL,
    G_LOCK_FILE_ERROR_PERMISSION_DENIED },
  { "query-info/nobody", QUERY_INFO, NULL, NULL, G_LOCK_FILE_ERROR_NOT_FOUND },
  { "query-info/document", QUERY_INFO, make_document, NULL, G_LOCK_FILE_ERROR_INVALID_DATA },
  { "query-info/empty", QUERY_INFO, make_empty_file, NULL, G_LOCK_FILE_ERROR_INVALID_DATA },
  { "remove-stale/nobody", REMOVE_STALE, NULL, NULL, G_LOCK_FILE_ERROR_NOT_FOUND },
  { "remove-stale/document", REMOVE_STALE, make_document, NULL, G_LOCK_FILE_ERROR_INVALID_DATA },
  { "remove-stale/empty", REMOVE_STALE, make_empty_file, NULL, G_LOCK_FILE_ERROR_LOCKED },
  { "remove-stale/locked-by-itself", REMOVE_STALE, lock_it, NULL, G_LOCK_FILE_ERROR_FAILED },
  { "remove-stale/locked-by-another", REMOVE_STALE, lock_for_another, NULL,
    G_LOCK_FILE_ERROR_LOCKED },
};

/* An operation fails with the same words, whichever way it was asked for. */
static void
test_failure (TestFolder    *folder,
              gconstpointer  data)
{
  const Failure *failure = data;
  g_autofree char *path = g_build_filename (folder->path,
                                            failure->file_name != NULL ? failure->file_name
                                                                       : "test.lock",
                                            NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;
  g_auto (TestResult) result = { 0 };
  gboolean was_locked;

  if (failure->set_up != NULL)
    failure->set_up (folder, lock_file);
  g_assert_false (operate (failure->operation, lock_file, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, failure->code);
  was_locked = g_lock_file_is_locked (lock_file);

  if (failure->set_up != NULL)
    failure->set_up (folder, lock_file);
  operate_async (failure->operation, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
  test_assert_failure (&result, G_LOCK_FILE_ERROR, failure->code);
  g_assert_cmpstr (result.error->message, ==, error->message);
  g_assert_cmpint (result.was_locked, ==, was_locked);
  give_rights_back (folder);
}

static void
test_empty_name (void)
{
  for (Operation operation = LOCK; operation < N_OPERATIONS; operation++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new ("");
      g_auto (TestResult) result = { 0 };

      operate_async (operation, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
      if (operation == UNLOCK)
        test_assert_success (&result);
      else if (operation == VERIFY)
        test_assert_failure (&result, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
      else
        test_assert_failure (&result, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND);
    }
}

static void
test_already_cancelled (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) held = g_lock_file_new (folder->lock_file);
  g_autofree char *free_path = g_build_filename (folder->path, "free.lock", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  test_assert_lock (held, 0);
  for (Operation operation = LOCK; operation < N_OPERATIONS; operation++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (free_path);
      g_auto (TestResult) result = { 0 };
      g_auto (TestResult) held_result = { 0 };

      operate_async (operation, lock_file, G_PRIORITY_DEFAULT, cancellable, &result);
      g_assert_false (result.done);
      test_assert_failure (&result, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_false (g_lock_file_is_locked (lock_file));

      operate_async (operation, held, G_PRIORITY_DEFAULT, cancellable, &held_result);
      test_assert_failure (&held_result, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      test_assert_verify (held);
      test_folder_assert_files (folder, "test.lock", NULL);
    }
}

/* --- Pending ---------------------------------------------------------------- */

static void
assert_all_pending (GLockFile *lock_file)
{
  g_autoptr (GError) error = NULL;

  for (Operation operation = LOCK; operation < N_OPERATIONS; operation++)
    {
      g_auto (TestResult) result = { 0 };

      g_clear_error (&error);
      g_assert_false (operate (operation, lock_file, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

      operate_async (operation, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
      g_assert_false (result.done);
      test_assert_failure (&result, G_IO_ERROR, G_IO_ERROR_PENDING);
      g_assert_cmpstr (result.error->message, ==, error->message);
    }
}

static void
test_pending_while_waiting (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) result = { 0 };

  test_assert_lock (holder, 0);
  operate_async (LOCK, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
  assert_all_pending (lock_file);
  test_run_until_quiet ();
  assert_all_pending (lock_file);

  /* What is no operation goes on as usual. */
  g_lock_file_set_stale_lock_time (lock_file, 1000);
  g_assert_false (g_lock_file_is_locked (lock_file));
  g_assert_null (g_lock_file_get_previous_holder (lock_file));

  g_assert_false (result.done);
  test_assert_unlock (holder);
  test_assert_success (&result);
  test_assert_unlock_async (lock_file);
}

/* Whichever operation is under way: until its result has been told, there is no
 * second one, also when all its work is done. */
static void
test_pending_until_told (TestFolder    *folder,
                         gconstpointer  data)
{
  for (Operation operation = LOCK; operation < N_OPERATIONS; operation++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      g_autoptr (GError) error = NULL;
      g_auto (TestResult) result = { 0 };

      if (operation == UNLOCK || operation == VERIFY)
        test_assert_lock (lock_file, 0);
      operate_async (operation, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
      test_await_quiet ();
      g_assert_false (g_lock_file_unlock (lock_file, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      test_run_until (&result.done);
      test_assert_unlock (lock_file);
      test_folder_assert_empty (folder);
    }
}

/* A synchronous operation in another thread is an operation too. */
static void
test_pending_behind_thread (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestWaiter) waiter = NULL;

  test_assert_lock (holder, 0);
  waiter = test_waiter_start (lock_file, -1, NULL, TRUE);
  test_waiter_await_sleep (waiter);
  assert_all_pending (lock_file);
  test_assert_unlock (holder);
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
}

/* --- Where and when the result is told --------------------------------------- */

/* One letter for everything that happens: p, l (or u) for a property's
 * notification, r for the result, and a point for a source that is always ready
 * and comes first. */
typedef struct
{
  GLockFile *lock_file;
  GThread   *thread;
  GString   *events;
  gboolean   done;
} Diary;

static void
diary_note (Diary *diary,
            char   event)
{
  g_assert_true (g_thread_self () == diary->thread);
  g_string_append_c (diary->events, event);
}

static void
notify_locked_cb (GLockFile  *lock_file,
                  GParamSpec *property,
                  Diary      *diary)
{
  diary_note (diary, g_lock_file_is_locked (lock_file) ? 'l' : 'u');
}

static void
notify_previous_holder_cb (GLockFile  *lock_file,
                           GParamSpec *property,
                           Diary      *diary)
{
  diary_note (diary, 'p');
}

static void
diary_result_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  Diary *diary = data;
  g_autoptr (GError) error = NULL;

  if (g_async_result_is_tagged (result, g_lock_file_lock_async))
    g_lock_file_lock_finish (diary->lock_file, result, &error);
  else
    g_lock_file_unlock_finish (diary->lock_file, result, &error);
  g_assert_no_error (error);
  diary_note (diary, 'r');
  diary->done = TRUE;
}

static gboolean
always_ready_cb (gpointer data)
{
  Diary *diary = data;

  diary_note (diary, '.');
  return !diary->done;
}

static void
diary_begin (Diary *diary)
{
  GSource *source = g_idle_source_new ();

  g_string_truncate (diary->events, 0);
  diary->done = FALSE;
  g_source_set_callback (source, always_ready_cb, diary, NULL);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
}

static void
keep_diary (TestFolder *folder)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  Diary diary = { lock_file, g_thread_self (), g_string_new (NULL) };

  g_signal_connect (lock_file, "notify::locked", G_CALLBACK (notify_locked_cb), &diary);
  g_signal_connect (lock_file, "notify::previous-holder", G_CALLBACK (notify_previous_holder_cb),
                    &diary);

  test_crash_while_holding (folder->lock_file);
  diary_begin (&diary);
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, diary_result_cb, &diary);
  g_assert_cmpstr (diary.events->str, ==, "");
  test_run_until (&diary.done);
  g_assert_true (g_str_has_suffix (diary.events->str, "plr"));
  g_assert_nonnull (g_lock_file_get_previous_holder (lock_file));

  diary_begin (&diary);
  g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, diary_result_cb, &diary);
  g_assert_cmpstr (diary.events->str, ==, "");
  test_run_until (&diary.done);
  g_assert_true (g_str_has_suffix (diary.events->str, "ur"));
  g_assert_null (strpbrk (diary.events->str, "pl"));

  diary_begin (&diary);
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, diary_result_cb, &diary);
  test_run_until (&diary.done);
  g_assert_true (g_str_has_suffix (diary.events->str, "plr"));
  g_assert_null (g_lock_file_get_previous_holder (lock_file));

  g_signal_handlers_disconnect_by_data (lock_file, &diary);
  test_run_until_quiet ();
  g_string_free (diary.events, TRUE);
}

static gpointer
keep_diary_thread (gpointer folder)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  keep_diary (folder);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_default_context (TestFolder    *folder,
                      gconstpointer  data)
{
  keep_diary (folder);
}

/* Meanwhile the default one is not run at all. */
static void
test_private_context (TestFolder    *folder,
                      gconstpointer  data)
{
  g_thread_join (g_thread_new ("diary", keep_diary_thread, folder));
}

static gpointer
begin_thread (gpointer data)
{
  gpointer *arguments = data;

  g_lock_file_lock_async (arguments[0], G_PRIORITY_DEFAULT, NULL, test_result_cb, arguments[1]);
  return NULL;
}

/* A thread without a context of its own: the default one is that of the main thread. */
static void
test_thread_without_context (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) result = { 0 };
  gpointer arguments[] = { lock_file, &result };

  g_thread_join (g_thread_new ("begin", begin_thread, arguments));
  test_assert_success (&result);
  g_assert_true (result.thread == g_thread_self ());
  test_assert_unlock_async (lock_file);
}

/* The result comes with the priority that was asked for. */
static void
test_priorities (TestFolder    *folder,
                 gconstpointer  data)
{
  static const int priorities[] = { G_PRIORITY_LOW, G_PRIORITY_HIGH, G_MAXINT, G_MININT,
                                    G_PRIORITY_DEFAULT };
  static const int expected[] = { 3, 1, 4, 0, 2 };
  GLockFile *lock_files[G_N_ELEMENTS (priorities)];
  TestResult results[G_N_ELEMENTS (priorities)] = { 0 };
  int first = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d.lock", folder->path, (int) i);

      lock_files[i] = g_lock_file_new (path);
      g_lock_file_lock_async (lock_files[i], priorities[i], NULL, test_result_cb, &results[i]);
    }
  test_await_quiet ();
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    g_assert_false (results[i].done);
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    test_assert_success (&results[i]);

  first = results[3].turn;
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_assert_cmpint (results[i].turn - first, ==, expected[i]);
      test_result_clear (&results[i]);
      g_object_unref (lock_files[i]);
    }
  test_folder_assert_empty (folder);
}

/* The same for errors that stand from the beginning. */
static void
test_priorities_of_errors (TestFolder    *folder,
                           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) low = { 0 };
  g_auto (TestResult) high = { 0 };

  test_assert_lock (lock_file, 0);
  g_lock_file_lock_async (lock_file, G_PRIORITY_LOW, NULL, test_result_cb, &low);
  g_lock_file_lock_async (lock_file, G_PRIORITY_HIGH, NULL, test_result_cb, &high);
  test_assert_failure (&low, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_failure (&high, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_cmpint (high.turn, <, low.turn);
}

/* --- Misuse of the finish functions ------------------------------------------ */

static void
keep_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      kept)
{
  *(GAsyncResult **) kept = g_object_ref (result);
}

static gboolean
finish (Operation      operation,
        GLockFile     *lock_file,
        GAsyncResult  *result,
        GError       **error)
{
  g_autoptr (GLockFileInfo) info = NULL;

  switch (operation)
    {
    case LOCK:
      return g_lock_file_lock_finish (lock_file, result, error);
    case TRY_LOCK:
      return g_lock_file_try_lock_finish (lock_file, result, error);
    case UNLOCK:
      return g_lock_file_unlock_finish (lock_file, result, error);
    case VERIFY:
      return g_lock_file_verify_finish (lock_file, result, error);
    case QUERY_INFO:
      info = g_lock_file_query_info_finish (lock_file, result, error);
      return info != NULL;
    case REMOVE_STALE:
      return g_lock_file_remove_stale_finish (lock_file, result, error);
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }
}

#define assert_finish_refuses(operation, lock_file, result) \
  G_STMT_START { \
    g_autoptr (GError) error_ = NULL; \
    g_test_expect_message ("GLockFile", G_LOG_LEVEL_CRITICAL, "*assertion*failed*"); \
    g_assert_false (finish (operation, lock_file, result, &error_)); \
    g_test_assert_expected_messages (); \
    g_assert_no_error (error_); \
  } G_STMT_END

static void
test_wrong_result (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) foreign = NULL;
  g_autoptr (GTask) task = g_task_new (lock_file, NULL, keep_result_cb, &foreign);
  g_autoptr (GError) error = NULL;

  g_task_return_boolean (task, TRUE);
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  while (result == NULL || foreign == NULL)
    g_main_context_iteration (NULL, TRUE);

  for (Operation operation = LOCK; operation < N_OPERATIONS; operation++)
    {
      if (operation != LOCK)
        assert_finish_refuses (operation, lock_file, result);
      assert_finish_refuses (operation, other, result);
      assert_finish_refuses (operation, lock_file, foreign);
    }

  /* It is still good for what it is the result of. */
  g_assert_true (g_lock_file_lock_finish (lock_file, result, &error));
  g_assert_no_error (error);
  test_assert_unlock (lock_file);
}

/* Nobody need look at the result, nor ask to be told. */
static void
test_no_callback (TestFolder    *folder,
                  gconstpointer  data)
{
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) missing = g_lock_file_new ("/missing/folder/test.lock");
  g_autoptr (GAsyncResult) result = NULL;

  g_lock_file_lock_async (missing, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  test_run_until_quiet ();
  test_assert_verify (lock_file);
  for (Operation operation = LOCK; operation < N_OPERATIONS; operation++)
    {
      operate_async (operation, lock_file, G_PRIORITY_DEFAULT, NULL, NULL);
      test_run_until_quiet ();
    }

  g_lock_file_query_info_async (lock_file, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&result);

  g_object_add_weak_pointer (G_OBJECT (lock_file), (gpointer *) &lock_file);
  g_object_unref (lock_file);
  g_assert_null (lock_file);
  test_folder_assert_empty (folder);
}

/* --- The last reference ------------------------------------------------------ */

static void
await_finalized (GLockFile **lock_file)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;

  while (*lock_file != NULL && g_get_monotonic_time () < deadline)
    {
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
  g_assert_null (*lock_file);
}

/* Each operation, begun on a free path and on one that the object holds. */
static void
test_dropped_at_once (TestFolder    *folder,
                      gconstpointer  data)
{
  for (int i = 0; i < 4 * N_OPERATIONS; i++)
    {
      GLockFile *lock_file = g_lock_file_new (folder->lock_file);
      g_auto (TestResult) result = { 0 };
      gboolean tell = (i & 1) != 0;

      g_object_add_weak_pointer (G_OBJECT (lock_file), (gpointer *) &lock_file);
      if (i & 2)
        test_assert_lock (lock_file, 0);
      operate_async (i / 4, lock_file, G_PRIORITY_DEFAULT, NULL, tell ? &result : NULL);
      g_object_unref (lock_file);
      await_finalized (&lock_file);
      g_assert_cmpint (result.done, ==, tell);
      test_folder_assert_empty (folder);
    }
}

static void
test_dropped_while_waiting (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GLockFile *first = g_lock_file_new (folder->lock_file);
  GLockFile *second = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) first_result = { 0 };
  g_auto (TestResult) second_result = { 0 };

  g_object_add_weak_pointer (G_OBJECT (first), (gpointer *) &first);
  g_object_add_weak_pointer (G_OBJECT (second), (gpointer *) &second);
  test_assert_lock (holder, 0);
  operate_async (LOCK, first, G_PRIORITY_DEFAULT, cancellable, &first_result);
  operate_async (LOCK, second, G_PRIORITY_DEFAULT, NULL, &second_result);
  g_object_unref (first);
  g_object_unref (second);
  test_run_until_quiet ();
  g_cancellable_cancel (cancellable);
  await_finalized (&first);
  g_assert_error (first_result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (second_result.done);

  test_assert_unlock (holder);
  await_finalized (&second);
  g_assert_no_error (second_result.error);
  g_assert_true (second_result.was_locked);
  test_folder_assert_empty (folder);
}

static void
drop_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      lock_file)
{
  g_assert_true (g_lock_file_is_locked (G_LOCK_FILE (object)));
  g_object_unref (*(GLockFile **) lock_file);
}

static void
test_dropped_by_callback (TestFolder    *folder,
                          gconstpointer  data)
{
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);

  g_object_add_weak_pointer (G_OBJECT (lock_file), (gpointer *) &lock_file);
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, drop_cb, &lock_file);
  await_finalized (&lock_file);
  test_folder_assert_empty (folder);
}

/* --- Chains ------------------------------------------------------------------ */

static void
unlock_in_callback_cb (GObject      *object,
                       GAsyncResult *result,
                       gpointer      unlocked)
{
  GLockFile *lock_file = G_LOCK_FILE (object);
  g_autoptr (GError) error = NULL;

  g_lock_file_lock_finish (lock_file, result, &error);
  g_assert_no_error (error);
  test_assert_unlock (lock_file);
  *(gboolean *) unlocked = TRUE;
}

static void
test_unlock_in_callback (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  gboolean unlocked = FALSE;

  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, unlock_in_callback_cb, &unlocked);
  test_run_until (&unlocked);
  test_folder_assert_empty (folder);
}

static void
chain_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      count)
{
  GLockFile *lock_file = G_LOCK_FILE (object);
  g_autoptr (GError) error = NULL;

  if (g_async_result_is_tagged (result, g_lock_file_lock_async))
    {
      g_lock_file_lock_finish (lock_file, result, &error);
      g_assert_no_error (error);
      g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, chain_cb, count);
    }
  else
    {
      g_lock_file_unlock_finish (lock_file, result, &error);
      g_assert_no_error (error);
      if (++*(int *) count < CHAIN)
        g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, chain_cb, count);
    }
}

/* Each begun in the callback of the one before. */
static void
test_chain (TestFolder    *folder,
            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int descriptors = -1;
  int count = 0;

  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, chain_cb, &count);
  test_run_until_at_least (&count, 10);
  descriptors = test_count_descriptors ();
  test_run_until_at_least (&count, CHAIN);
  test_folder_assert_empty (folder);
  g_assert_cmpint (test_count_descriptors (), <=, descriptors + 1);
}

/* Two of them take turns. */
static void
test_two_chains (TestFolder    *folder,
                 gconstpointer  data)
{
  g_autoptr (GLockFile) first = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) second = g_lock_file_new (folder->lock_file);
  int first_count = 0, second_count = 0;

  g_lock_file_lock_async (first, G_PRIORITY_DEFAULT, NULL, chain_cb, &first_count);
  g_lock_file_lock_async (second, G_PRIORITY_DEFAULT, NULL, chain_cb, &second_count);
  test_run_until_at_least (&first_count, CHAIN);
  test_run_until_at_least (&second_count, CHAIN);
  test_folder_assert_empty (folder);
}

/* --- Many threads ------------------------------------------------------------ */

typedef struct
{
  TestFolder *folder;
  GCancellable *cancellable;
  int inside;                   /* atomic: how many hold the lock */
  int cycles;                   /* atomic */
} Crowd;

static gpointer
crowd_thread (gpointer data)
{
  Crowd *crowd = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GLockFile) lock_file = g_lock_file_new (crowd->folder->lock_file);

  g_main_context_push_thread_default (context);
  for (int i = 0; i < CYCLES; i++)
    {
      test_assert_lock_async (lock_file);
      g_assert_cmpint (g_atomic_int_add (&crowd->inside, 1), ==, 0);
      g_thread_yield ();
      g_assert_true (g_atomic_int_dec_and_test (&crowd->inside));
      if (i % 2 == 0)
        test_assert_unlock_async (lock_file);
      else
        test_assert_unlock (lock_file);
      g_atomic_int_inc (&crowd->cycles);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_many_threads (TestFolder    *folder,
                   gconstpointer  data)
{
  Crowd crowd = { .folder = folder };
  GThread *threads[THREADS];

  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("crowd", crowd_thread, &crowd);
  for (int i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (crowd.cycles, ==, THREADS * CYCLES);
  test_folder_assert_empty (folder);
}

typedef struct
{
  GLockFile *lock_file;
  int        pending;
  int        begun;
} Shared;

static gpointer
share_thread (gpointer data)
{
  Shared *shared = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (int i = 0; i < CYCLES; i++)
    {
      g_auto (TestResult) result = { 0 };

      operate_async (i % N_OPERATIONS == LOCK ? TRY_LOCK : i % N_OPERATIONS, shared->lock_file,
                     G_PRIORITY_DEFAULT, NULL, &result);
      test_run_until (&result.done);
      g_atomic_int_inc (&shared->begun);
      if (g_error_matches (result.error, G_IO_ERROR, G_IO_ERROR_PENDING))
        g_atomic_int_inc (&shared->pending);
      else if (result.error != NULL)
        g_assert_true (result.error->domain == G_LOCK_FILE_ERROR);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* All on the same object: each gets an answer, and the object stays whole. */
static void
test_many_threads_one_object (TestFolder    *folder,
                              gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  Shared shared = { lock_file };
  GThread *threads[THREADS];

  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("share", share_thread, &shared);
  for (int i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_test_message ("%d of %d were refused as pending", shared.pending, shared.begun);
  g_assert_cmpint (shared.begun, ==, THREADS * CYCLES);

  test_assert_unlock (lock_file);
  test_assert_lock_async (lock_file);
  test_assert_unlock_async (lock_file);
  test_folder_assert_empty (folder);
}

/* --- One queue for both kinds of waiters ------------------------------------- */

static void
test_one_queue (TestFolder    *folder,
                gconstpointer  other_process_first)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  GLockFile *lock_files[8];
  TestResult results[8] = { { 0 } };
  TestWaiter *waiters[8] = { NULL };
  gint64 previous = 0;

  if (other_process_first != NULL)
    test_assert_answer (helper, "lock", "ok");
  else
    test_assert_lock (holder, 0);
  for (int i = 0; i < 8; i++)
    {
      lock_files[i] = g_lock_file_new (folder->lock_file);
      if (i % 2 == (other_process_first != NULL))
        {
          results[i].unlock = TRUE;
          operate_async (LOCK, lock_files[i], G_PRIORITY_DEFAULT, NULL, &results[i]);
        }
      else
        {
          waiters[i] = test_waiter_start (lock_files[i], -1, NULL, TRUE);
        }
      test_run_until_quiet ();
    }

  if (other_process_first != NULL)
    test_assert_answer (helper, "unlock", "ok");
  else
    test_assert_unlock (holder);
  for (int i = 0; i < 8; i++)
    {
      gint64 ended;

      if (waiters[i] == NULL)
        {
          test_assert_success (&results[i]);
          ended = results[i].ended;
        }
      else
        {
          test_waiter_join (waiters[i]);
          g_assert_no_error (waiters[i]->error);
          ended = waiters[i]->ended;
          test_waiter_free (waiters[i]);
        }
      g_assert_cmpint (ended, >, previous);
      previous = ended;
      g_object_unref (lock_files[i]);
    }
  test_folder_assert_empty (folder);
}

/* One behind another that has a shorter time: neither hinders the other. */
static void
test_time_limit_in_queue (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) first = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) second = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) third = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) first_result = { 0 };
  g_auto (TestResult) second_result = { 0 };
  g_auto (TestResult) third_result = { 0 };

  test_assert_answer (helper, "lock", "ok");
  g_lock_file_try_lock_async (first, 300, G_PRIORITY_DEFAULT, NULL, test_result_cb,
                              &first_result);
  test_run_until_quiet ();
  g_lock_file_lock_async (second, G_PRIORITY_DEFAULT, NULL, test_result_cb, &second_result);
  test_run_until_quiet ();
  g_lock_file_try_lock_async (third, 100, G_PRIORITY_DEFAULT, NULL, test_result_cb,
                              &third_result);
  test_assert_failure (&third_result, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_false (second_result.done);
  test_assert_failure (&first_result, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_false (second_result.done);
  test_assert_answer (helper, "unlock", "ok");
  test_assert_success (&second_result);
}

/* --- Other processes ---------------------------------------------------------- */

static void
test_hand_over (TestFolder    *folder,
                gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  for (int i = 0; i < 20; i++)
    {
      g_auto (TestResult) result = { 0 };
      gint64 released;

      test_assert_answer (helper, "lock", "ok");
      operate_async (LOCK, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
      test_run_until_quiet ();
      g_assert_false (result.done);
      released = g_get_monotonic_time ();
      test_assert_answer (helper, "unlock", "ok");
      test_assert_success (&result);
      /* Woken by the release, and not by a look every now and then. */
      g_assert_cmpint (result.ended - released, <, 2 * G_TIME_SPAN_SECOND);
      g_assert_null (g_lock_file_get_previous_holder (lock_file));

      test_helper_send (helper, "lock");
      test_helper_await_sleep (helper);
      test_assert_unlock_async (lock_file);
      test_assert_read (helper, "ok");
      test_assert_answer (helper, "unlock", "ok");
    }
}

static void
test_take_over (TestFolder    *folder,
                gconstpointer  data)
{
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      g_auto (TestResult) result = { 0 };
      pid_t pid = test_helper_get_pid (helper);
      GLockFileInfo *previous;
      gint64 killed;

      test_assert_answer (helper, "lock", "ok");
      operate_async (LOCK, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
      test_run_until_quiet ();
      killed = g_get_monotonic_time ();
      test_helper_kill (helper);
      test_assert_success (&result);
      g_assert_cmpint (result.ended - killed, <, 2 * G_TIME_SPAN_SECOND);

      previous = g_lock_file_get_previous_holder (lock_file);
      g_assert_nonnull (previous);
      g_assert_cmpint (g_lock_file_info_get_pid (previous), ==, pid);
      g_assert_cmpint (g_lock_file_info_get_holder_state (previous), ==,
                       G_LOCK_FILE_HOLDER_STATE_GONE);
      test_assert_unlock_async (lock_file);
      test_folder_assert_empty (folder);
    }
}

/* --- A lock that was lost ------------------------------------------------------ */

static void
lost_cb (GLockFile *lock_file,
         GError    *error,
         gboolean  *lost)
{
  *lost = TRUE;
}

static void
test_after_loss (TestFolder    *folder,
                 gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) asked = { 0 };
  g_auto (TestResult) removed = { 0 };
  gboolean lost = FALSE;

  g_signal_connect (lock_file, "lost", G_CALLBACK (lost_cb), &lost);
  test_assert_lock_async (lock_file);
  test_run_until_quiet ();
  g_assert_no_errno (g_unlink (folder->lock_file));
  test_assert_answer (helper, "lock", "ok");
  test_run_until (&lost);

  assert_try_fails (lock_file, 0, G_LOCK_FILE_ERROR_LOCKED);
  g_lock_file_query_info_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &asked);
  test_assert_success (&asked);
  g_assert_cmpint (g_lock_file_info_get_pid (asked.info), ==, test_helper_get_pid (helper));
  g_lock_file_remove_stale_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &removed);
  test_assert_failure (&removed, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_unlock_async (lock_file);
  test_assert_answer (helper, "verify", "ok");

  test_assert_answer (helper, "unlock", "ok");
  test_assert_lock_async (lock_file);
  test_assert_unlock_async (lock_file);
  test_folder_assert_empty (folder);
}

/* --- Main contexts that are not run ------------------------------------------- */

/* The lock goes with its object, whether the context of the acquisition is run or not. */
static void
test_context_not_run (TestFolder    *folder,
                      gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  g_main_context_push_thread_default (context);
  if (data != NULL)
    test_assert_lock_async (lock_file);
  else
    test_assert_lock (lock_file, 0);
  g_main_context_pop_thread_default (context);

  test_folder_assert_files (folder, "test.lock", NULL);
  g_clear_object (&lock_file);
  test_folder_assert_empty (folder);
}

/* An operation in a context that nobody will run any more is the caller's mistake;
 * but it can be cancelled, and then is in nobody's way. */
static void
test_cancelled_in_context_not_run (TestFolder    *folder,
                                   gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GMainContext *context = g_main_context_new ();
  g_auto (TestResult) result = { 0 };
  g_auto (TestResult) other_result = { 0 };

  test_assert_lock (holder, 0);
  g_main_context_push_thread_default (context);
  operate_async (LOCK, lock_file, G_PRIORITY_DEFAULT, cancellable, &result);
  g_main_context_pop_thread_default (context);
  test_run_until_quiet ();
  operate_async (LOCK, other, G_PRIORITY_DEFAULT, NULL, &other_result);
  test_run_until_quiet ();

  g_cancellable_cancel (cancellable);
  test_assert_unlock (holder);
  test_assert_success (&other_result);
  test_assert_unlock_async (other);

  /* The result waits for it. */
  g_assert_false (result.done);
  g_main_context_push_thread_default (context);
  test_assert_failure (&result, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}

/* Its time is over: it does not keep others waiting, although nobody tells it. */
static void
test_timed_out_in_context_not_run (TestFolder    *folder,
                                   gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (TestWaiter) waiter = NULL;
  g_auto (TestResult) result = { 0 };
  gint64 released;

  test_assert_answer (helper, "lock", "ok");
  g_main_context_push_thread_default (context);
  g_lock_file_try_lock_async (lock_file, 100, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  g_main_context_pop_thread_default (context);
  test_await_quiet ();
  waiter = test_waiter_start (other, 20000, NULL, FALSE);
  test_waiter_await_sleep (waiter);
  g_usleep (100 * G_TIME_SPAN_MILLISECOND);
  released = g_get_monotonic_time ();
  test_assert_answer (helper, "unlock", "ok");
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
  g_assert_cmpint (waiter->ended - released, <, 6 * G_TIME_SPAN_SECOND);
  test_assert_unlock (other);

  g_main_context_push_thread_default (context);
  test_run_until (&result.done);
  g_main_context_pop_thread_default (context);
}

/* A result that comes late is told when the context is run at last. */
static void
test_context_run_late (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) result = { 0 };

  g_object_add_weak_pointer (G_OBJECT (lock_file), (gpointer *) &lock_file);
  g_main_context_push_thread_default (context);
  operate_async (LOCK, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
  g_object_unref (lock_file);
  test_await_file (folder->lock_file, TRUE);
  test_await_quiet ();
  g_assert_nonnull (lock_file);
  g_assert_false (result.done);
  test_assert_success (&result);
  g_main_context_pop_thread_default (context);
  g_assert_null (lock_file);
  test_folder_assert_empty (folder);
}

static gboolean
never_cb (gpointer data)
{
  g_assert_not_reached ();
}

static void
set_flag_cb (gpointer flag)
{
  g_atomic_int_set ((int *) flag, TRUE);
}

static GMainContext *
new_watched_context (int *freed)
{
  GMainContext *context = g_main_context_new ();
  GSource *source = g_timeout_source_new_seconds (24 * 3600);

  g_source_set_callback (source, never_cb, freed, set_flag_cb);
  g_source_attach (source, context);
  g_source_unref (source);
  return context;
}

/* As a thread does that makes a context for one operation: everything that was in
 * it goes with it. */
static void
test_context_freed (TestFolder    *folder,
                    gconstpointer  asynchronous)
{
  int descriptors = 0;

  for (int i = 0; i < ROUNDS; i++)
    {
      int freed = FALSE;
      GMainContext *context = new_watched_context (&freed);
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      gint64 deadline = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;

      g_main_context_push_thread_default (context);
      if (asynchronous != NULL)
        test_assert_lock_async (lock_file);
      else
        test_assert_lock (lock_file, 0);
      if (i % 2 == 0)
        test_assert_unlock (lock_file);
      g_main_context_pop_thread_default (context);
      g_main_context_unref (context);
      g_clear_object (&lock_file);

      while (!g_atomic_int_get (&freed) && g_get_monotonic_time () < deadline)
        g_usleep (100);
      g_assert_true (g_atomic_int_get (&freed));
      if (i == 10)
        descriptors = test_count_descriptors ();
    }
  g_assert_cmpint (test_count_descriptors (), <=, descriptors + 1);
  test_folder_assert_empty (folder);
}

/* Nor does it keep anybody waiting who stands behind the one that went past it. */
static void
test_timed_out_in_front (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) first = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) next = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) last = g_lock_file_new (folder->lock_file);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (TestWaiter) second = NULL;
  g_autoptr (TestWaiter) third = NULL;
  g_auto (TestResult) result = { 0 };
  gint64 released;

  test_assert_answer (helper, "lock", "ok");
  g_main_context_push_thread_default (context);
  g_lock_file_try_lock_async (first, 100, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  g_main_context_pop_thread_default (context);
  test_await_quiet ();
  g_usleep (150 * G_TIME_SPAN_MILLISECOND);

  second = test_waiter_start (next, -1, NULL, TRUE);
  test_waiter_await_sleep (second);
  third = test_waiter_start (last, -1, NULL, TRUE);
  test_waiter_await_sleep (third);
  released = g_get_monotonic_time ();
  test_assert_answer (helper, "unlock", "ok");
  test_waiter_join (second);
  test_waiter_join (third);
  g_assert_no_error (second->error);
  g_assert_no_error (third->error);
  g_assert_cmpint (third->ended - released, <, G_TIME_SPAN_SECOND);

  g_main_context_push_thread_default (context);
  test_run_until (&result.done);
  g_main_context_pop_thread_default (context);
}

/* Nor one that is just removing a leftover: it has its kernel lock, so it goes on. */
static void
test_removal_in_context_not_run (TestFolder    *folder,
                                 gconstpointer  data)
{
  g_autofree char *removal_path = g_strconcat (folder->lock_file, ".rmlock", NULL);
  g_autoptr (TestHelper) helper = test_helper_start (removal_path, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) result = { 0 };
  gint64 deadline;

  test_crash_while_holding (folder->lock_file);
  test_assert_answer (helper, "lock", "ok");
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  test_run_for (100 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (result.done);

  test_assert_answer (helper, "unlock", "ok");
  deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  while (!g_lock_file_is_locked (lock_file))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  test_assert_success (&result);
  test_assert_unlock (lock_file);
}

/* Whose leftover it was changes when the application is told, and not before: it may just
 * be looking at the former one. */
static void
test_previous_holder_is_told_in_time (TestFolder    *folder,
                                      gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (TestResult) result = { 0 };
  GLockFileInfo *former;

  test_crash_while_holding (folder->lock_file);
  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
  former = g_lock_file_get_previous_holder (lock_file);
  g_assert_nonnull (former);

  operate_async (LOCK, lock_file, G_PRIORITY_DEFAULT, NULL, &result);
  test_await_file (folder->lock_file, TRUE);
  test_await_quiet ();
  g_assert_true (g_lock_file_is_locked (lock_file));
  g_assert_true (g_lock_file_get_previous_holder (lock_file) == former);
  g_assert_cmpint (g_lock_file_info_get_holder_state (former), ==, G_LOCK_FILE_HOLDER_STATE_GONE);
  test_assert_success (&result);
  g_assert_null (g_lock_file_get_previous_holder (lock_file));
  test_assert_unlock (lock_file);
}

#define ADD(name, data, function) \
  g_test_add ("/async/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("success", NULL, test_success);
  ADD ("mixed-with-synchronous", NULL, test_mixed_with_synchronous);
  ADD ("time-limits", NULL, test_time_limits);
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = g_strconcat ("/async/failure/", failures[i].name, NULL);

      g_test_add (path, TestFolder, &failures[i], test_folder_set_up, test_failure,
                  test_folder_tear_down);
    }
  g_test_add_func ("/async/failure/empty-name", test_empty_name);
  ADD ("already-cancelled", NULL, test_already_cancelled);
  ADD ("pending/while-waiting", NULL, test_pending_while_waiting);
  ADD ("pending/until-told", NULL, test_pending_until_told);
  ADD ("pending/behind-thread", NULL, test_pending_behind_thread);
  ADD ("context/default", NULL, test_default_context);
  ADD ("context/private", NULL, test_private_context);
  ADD ("context/thread-without", NULL, test_thread_without_context);
  ADD ("context/priorities", NULL, test_priorities);
  ADD ("context/priorities-of-errors", NULL, test_priorities_of_errors);
  ADD ("wrong-result", NULL, test_wrong_result);
  ADD ("no-callback", NULL, test_no_callback);
  ADD ("dropped/at-once", NULL, test_dropped_at_once);
  ADD ("dropped/while-waiting", NULL, test_dropped_while_waiting);
  ADD ("dropped/by-callback", NULL, test_dropped_by_callback);
  ADD ("unlock-in-callback", NULL, test_unlock_in_callback);
  ADD ("chain", NULL, test_chain);
  ADD ("chain/two", NULL, test_two_chains);
  ADD ("threads", NULL, test_many_threads);
  ADD ("threads/one-object", NULL, test_many_threads_one_object);
  ADD ("queue", NULL, test_one_queue);
  ADD ("queue/after-other-process", GINT_TO_POINTER (TRUE), test_one_queue);
  ADD ("queue/time-limits", NULL, test_time_limit_in_queue);
  ADD ("hand-over", NULL, test_hand_over);
  ADD ("take-over", NULL, test_take_over);
  ADD ("after-loss", NULL, test_after_loss);
  ADD ("context-not-run/synchronous", NULL, test_context_not_run);
  ADD ("context-not-run/asynchronous", GINT_TO_POINTER (TRUE), test_context_not_run);
  ADD ("context-not-run/cancelled", NULL, test_cancelled_in_context_not_run);
  ADD ("context-not-run/timed-out", NULL, test_timed_out_in_context_not_run);
  ADD ("context-not-run/timed-out-in-front", NULL, test_timed_out_in_front);
  ADD ("context-not-run/removal", NULL, test_removal_in_context_not_run);
  ADD ("previous-holder-in-time", NULL, test_previous_holder_is_told_in_time);
  ADD ("context-run-late", NULL, test_context_run_late);
  ADD ("context-freed/synchronous", NULL, test_context_freed);
  ADD ("context-freed/asynchronous", GINT_TO_POINTER (TRUE), test_context_freed);

  return g_test_run ();
}
