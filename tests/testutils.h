/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <lockfile/glockfile.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What a test waits for at most, in microseconds. Generous: it ends a test that
 * hangs, and is no measure.
 */
#define TEST_TIME_LIMIT (60 * G_TIME_SPAN_SECOND)

/* A sanitizer takes its time and its memory: nothing that is measured then says
 * anything of the library. */
#ifdef __SANITIZE_THREAD__
#define TEST_THREAD_SANITIZED TRUE
#else
#define TEST_THREAD_SANITIZED FALSE
#endif
#ifdef __SANITIZE_ADDRESS__
#define TEST_SANITIZED TRUE
#else
#define TEST_SANITIZED TEST_THREAD_SANITIZED
#endif

/* A folder of the test's own, and a path in it for a lock file. To be used as
 * a GLib test fixture:
 *
 *   g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down);
 *
 * Tearing down removes the folder with all that is in it.
 */
typedef struct
{
  char *path;
  char *lock_file;
} TestFolder;

void        test_folder_set_up       (TestFolder    *folder,
                                      gconstpointer  data);
void        test_folder_tear_down    (TestFolder    *folder,
                                      gconstpointer  data);

/* Fails unless the folder has these entries, in any order, and no other. */
void        test_folder_assert_files (TestFolder    *folder,
                                      ...) G_GNUC_NULL_TERMINATED;
#define     test_folder_assert_empty(folder) test_folder_assert_files (folder, NULL)

/* Replaces the content in place, so that the inode stays. */
void        test_file_write          (const char    *file_name,
                                      const char    *content);
char       *test_file_read           (const char    *file_name);
/* Puts the modification time into the past, or with a negative age into the future. */
void        test_file_set_age        (const char    *file_name,
                                      double         seconds);

/* What QLockFile would write here, with the fields that are not NULL replaced. */
char       *test_qt_content          (gint64         pid,
                                      const char    *app_name,
                                      const char    *hostname,
                                      const char    *machine_id,
                                      const char    *boot_id);
/* fork() that waits while the system has no room for one more process. */
pid_t       test_fork_patiently      (void);
/* The process ID of a process that is gone. */
pid_t       test_dead_pid            (void);
/* The base name of this program. */
char       *test_app_name            (void);

/* The other process: tests/helper.c, where its options and commands stand. */
typedef struct _TestHelper TestHelper;

TestHelper *test_helper_start        (const char    *lock_file,
                                      ...) G_GNUC_NULL_TERMINATED;
pid_t       test_helper_get_pid      (TestHelper    *helper);
void        test_helper_send         (TestHelper    *helper,
                                      const char    *command);
/* Whether an answer has come, or comes within so many microseconds. */
gboolean    test_helper_has_answer   (TestHelper    *helper,
                                      gint64         timeout);
char       *test_helper_read         (TestHelper    *helper);
char       *test_helper_ask          (TestHelper    *helper,
                                      const char    *command);
/* Waits until the helper does nothing any more, that is, waits for the lock. */
void        test_helper_await_sleep  (TestHelper    *helper);
/* Ends the process with SIGKILL, and waits until it is gone. */
void        test_helper_kill         (TestHelper    *helper);
/* Ends the input, and waits until the process has ended well. */
void        test_helper_finish       (TestHelper    *helper);
void        test_helper_free         (TestHelper    *helper);
/* Leaves behind what a helper that was killed had locked. */
void        test_crash_while_holding (const char    *lock_file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestHelper, test_helper_free)

#define test_assert_read(helper, expected) \
  G_STMT_START { \
    g_autofree char *answer_ = test_helper_read (helper); \
    g_assert_cmpstr (answer_, ==, expected); \
  } G_STMT_END

#define test_assert_answer(helper, command, expected) \
  G_STMT_START { \
    test_helper_send (helper, command); \
    test_assert_read (helper, expected); \
  } G_STMT_END

#define test_assert_answer_error(helper, command, domain, code) \
  G_STMT_START { \
    g_autofree char *answer_ = test_helper_ask (helper, command); \
    g_autofree char *expected_ = g_strdup_printf ("error %s %d ", \
                                                  g_quark_to_string (domain), code); \
    if (!g_str_has_prefix (answer_, expected_)) \
      g_assert_cmpstr (answer_, ==, expected_); \
  } G_STMT_END

/* What most tests do with a lock file. */
#define test_assert_lock(lock_file, timeout) \
  G_STMT_START { \
    g_autoptr (GError) error_ = NULL; \
    gboolean locked_ = g_lock_file_try_lock (lock_file, timeout, NULL, &error_); \
    g_assert_no_error (error_); \
    g_assert_true (locked_); \
    g_assert_true (g_lock_file_is_locked (lock_file)); \
  } G_STMT_END

#define test_assert_lock_error(lock_file, timeout, cancellable, domain, code) \
  G_STMT_START { \
    g_autoptr (GError) error_ = NULL; \
    gboolean was_locked_ = g_lock_file_is_locked (lock_file); \
    gboolean locked_ = g_lock_file_try_lock (lock_file, timeout, cancellable, &error_); \
    g_assert_error (error_, domain, code); \
    g_assert_false (locked_); \
    g_assert_cmpint (g_lock_file_is_locked (lock_file), ==, was_locked_); \
  } G_STMT_END

/* Another holds it, for as long as is waited. */
#define test_assert_locked_out(lock_file, timeout) \
  G_STMT_START { \
    gint64 begin_ = g_get_monotonic_time (); \
    test_assert_lock_error (lock_file, timeout, NULL, \
                            G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED); \
    g_assert_cmpint (g_get_monotonic_time () - begin_, >=, (timeout) * G_TIME_SPAN_MILLISECOND); \
  } G_STMT_END

#define test_assert_unlock(lock_file) \
  G_STMT_START { \
    g_autoptr (GError) error_ = NULL; \
    gboolean unlocked_ = g_lock_file_unlock (lock_file, &error_); \
    g_assert_no_error (error_); \
    g_assert_true (unlocked_); \
    g_assert_false (g_lock_file_is_locked (lock_file)); \
  } G_STMT_END

#define test_assert_verify(lock_file) \
  G_STMT_START { \
    g_autoptr (GError) error_ = NULL; \
    gboolean ours_ = g_lock_file_verify (lock_file, &error_); \
    g_assert_no_error (error_); \
    g_assert_true (ours_); \
    g_assert_true (g_lock_file_is_locked (lock_file)); \
  } G_STMT_END

/* A thread that makes one acquisition, and lets go again at once if it is told to. */
typedef struct
{
  GLockFile    *lock_file;
  int           timeout;
  GCancellable *cancellable;
  gboolean      unlock;

  GThread      *thread;
  int           thread_id;      /* atomic; 0 until it runs */
  gboolean      success;
  GError       *error;
  int           turn;           /* how many waiters of this program were served before */
  gint64        ended;          /* g_get_monotonic_time () */
} TestWaiter;

TestWaiter *test_waiter_start        (GLockFile     *lock_file,
                                      int            timeout,
                                      GCancellable  *cancellable,
                                      gboolean       unlock);
/* Waits until the thread waits for the lock. */
void        test_waiter_await_sleep  (TestWaiter    *waiter);
/* Waits until the thread has ended; then `success` and `error` stand. */
void        test_waiter_join         (TestWaiter    *waiter);
void        test_waiter_free         (TestWaiter    *waiter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestWaiter, test_waiter_free)

/* What the threads of a process have cost since they began. */
typedef struct
{
  gint64 cpu_time;              /* nanoseconds */
  gint64 wake_ups;              /* how often one of them went to sleep */
  int    threads;
} TestCosts;

void        test_costs_of_process    (pid_t          pid,
                                      TestCosts     *costs);
void        test_costs_of_thread     (pid_t          pid,
                                      pid_t          thread_id,
                                      TestCosts     *costs);
int         test_count_descriptors   (void);

G_END_DECLS
