/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "testutils.h"

G_BEGIN_DECLS

/* What came of an asynchronous operation; to be given to it with test_result_cb. */
typedef struct
{
  gboolean       done;
  gboolean       success;
  gboolean       was_locked;    /* the object, when the result came */
  GLockFileInfo *info;          /* of a query */
  GError        *error;
  GThread       *thread;        /* where the result came */
  int            turn;          /* how many results of this program came before */
  gint64         ended;         /* g_get_monotonic_time () */
  gboolean       unlock;        /* lets go again at once, if it is set */
} TestResult;

void     test_result_cb           (GObject       *object,
                                   GAsyncResult  *result,
                                   gpointer       test_result);
void     test_result_clear        (TestResult    *result);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestResult, test_result_clear)

/* Hears what is told of a loss; to be set up with the handler, if there is one. */
typedef struct
{
  void   (*handler) (GLockFile *lock_file); /* (nullable): what to do in ::lost */
  GThread *thread;              /* where it is to be told */
  int      n_lost;
  int      n_unlocked;          /* how often `locked` turned false */
  gint64   time;                /* of ::lost; g_get_monotonic_time () */
} TestListener;

/* Fails if it is told in another thread than this one, or not as it should be. */
void     test_listen              (TestListener  *listener,
                                   GLockFile     *lock_file);

/* These run the main context that is the calling thread's default. */
void     test_run_until           (const gboolean *condition);
void     test_run_until_at_least  (const int     *counter,
                                   int            limit);
void     test_run_for             (gint64         time);
/* Until no other thread of this process has done anything for a moment: so what
 * waits asynchronously, waits. */
void     test_run_until_quiet     (void);
/* The same without running any main context. */
void     test_await_quiet         (void);
/* Until nobody holds the object's lock any more, or until a file is there or
 * gone; without running any main context. */
void     test_await_unlocked      (GLockFile     *lock_file);
void     test_await_file          (const char    *file_name,
                                   gboolean       exists);

#define test_assert_success(result) \
  G_STMT_START { \
    test_run_until (&(result)->done); \
    g_assert_no_error ((result)->error); \
    g_assert_true ((result)->success); \
  } G_STMT_END

#define test_assert_failure(result, domain, code) \
  G_STMT_START { \
    test_run_until (&(result)->done); \
    g_assert_error ((result)->error, domain, code); \
    g_assert_false ((result)->success); \
  } G_STMT_END

#define test_assert_lock_async(lock_file) \
  G_STMT_START { \
    g_auto (TestResult) result_ = { 0 }; \
    g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result_); \
    test_assert_success (&result_); \
    g_assert_true (result_.was_locked); \
  } G_STMT_END

#define test_assert_unlock_async(lock_file) \
  G_STMT_START { \
    g_auto (TestResult) result_ = { 0 }; \
    g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result_); \
    test_assert_success (&result_); \
    g_assert_false (result_.was_locked); \
  } G_STMT_END

/* How many threads this process has, but for two that GLib starts for good. */
int      test_count_threads       (void);
/* Until it has so many of this name: a thread takes its name when it begins to run. */
void     test_await_threads_named (const char    *name,
                                   int            count);

G_END_DECLS
