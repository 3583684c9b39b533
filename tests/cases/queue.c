/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* R13: the waiters of one process on one path stand in one queue, and are served
 * in order.
 */

#include "testutils.h"

#include <unistd.h>

#define WAITERS 100
#define MANY_WAITERS 1000
#define IDLE_TIME (5 * G_TIME_SPAN_SECOND)

typedef struct
{
  GPtrArray *waiters;
  GPtrArray *cancellables;
} Queue;

static void
queue_init (Queue *queue)
{
  queue->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) test_waiter_free);
  queue->cancellables = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
queue_clear (Queue *queue)
{
  g_ptr_array_unref (queue->waiters);
  g_ptr_array_unref (queue->cancellables);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Queue, queue_clear)

static TestWaiter *
queue_get (Queue *queue,
           int    i)
{
  return g_ptr_array_index (queue->waiters, i);
}

static void
queue_add (Queue      *queue,
           const char *file_name,
           int         timeout)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (file_name);
  GCancellable *cancellable = g_cancellable_new ();

  g_ptr_array_add (queue->cancellables, cancellable);
  g_ptr_array_add (queue->waiters, test_waiter_start (lock_file, timeout, cancellable, TRUE));
}

/* One after another, so that their order is known. */
static void
queue_fill (Queue      *queue,
            const char *file_name,
            int         count)
{
  for (int i = 0; i < count; i++)
    {
      queue_add (queue, file_name, -1);
      test_waiter_await_sleep (queue_get (queue, queue->waiters->len - 1));
    }
}

static void
queue_cancel (Queue *queue,
              int    i)
{
  g_cancellable_cancel (g_ptr_array_index (queue->cancellables, i));
  test_waiter_join (queue_get (queue, i));
  g_assert_error (queue_get (queue, i)->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* That all who have not been joined yet get the lock, in their order. */
static void
queue_assert_served (Queue *queue)
{
  int turn = -1;

  for (unsigned int i = 0; i < queue->waiters->len; i++)
    {
      TestWaiter *waiter = queue_get (queue, i);

      if (waiter->thread == NULL)
        continue;
      test_waiter_join (waiter);
      g_assert_no_error (waiter->error);
      g_assert_true (waiter->success);
      g_assert_cmpint (waiter->turn, >, turn);
      turn = waiter->turn;
    }
}

static void
test_order (TestFolder    *folder,
            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Queue) queue = { 0 };
  gint64 begin;

  queue_init (&queue);
  test_assert_lock (lock_file, 0);
  queue_fill (&queue, folder->lock_file, WAITERS);
  begin = g_get_monotonic_time ();
  test_assert_unlock (lock_file);
  queue_assert_served (&queue);
  g_test_message ("%d turns took %.1f ms", WAITERS,
                  (queue_get (&queue, WAITERS - 1)->ended - begin) / 1000.0);
  test_folder_assert_empty (folder);
}

/* The holder is another process, which the head of the queue watches. */
static void
test_order_after_other_process (TestFolder    *folder,
                                gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_auto (Queue) queue = { 0 };

  queue_init (&queue);
  test_assert_answer (helper, "lock", "ok");
  queue_fill (&queue, folder->lock_file, 10);
  if (data != NULL)
    test_helper_kill (helper);
  else
    test_assert_answer (helper, "unlock", "ok");
  queue_assert_served (&queue);
  test_folder_assert_empty (folder);
}

static void
test_cancelled_waiters (TestFolder    *folder,
                        gconstpointer  data)
{
  static const int cancelled[] = { 5, 9, 0, 1, 7 };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Queue) queue = { 0 };

  queue_init (&queue);
  test_assert_lock (lock_file, 0);
  queue_fill (&queue, folder->lock_file, 10);
  for (unsigned int i = 0; i < G_N_ELEMENTS (cancelled); i++)
    queue_cancel (&queue, cancelled[i]);
  test_assert_unlock (lock_file);
  queue_assert_served (&queue);
  test_folder_assert_empty (folder);
}

static void
test_timed_out_waiters (TestFolder    *folder,
                        gconstpointer  data)
{
  static const int timed_out[] = { 0, 1, 5, 9 };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Queue) queue = { 0 };

  queue_init (&queue);
  test_assert_lock (lock_file, 0);
  for (int i = 0; i < 10; i++)
    {
      gboolean limited = FALSE;

      for (unsigned int j = 0; j < G_N_ELEMENTS (timed_out); j++)
        limited |= (i == timed_out[j]);
      queue_add (&queue, folder->lock_file, limited ? 3000 : -1);
      test_waiter_await_sleep (queue_get (&queue, i));
    }
  for (unsigned int i = 0; i < G_N_ELEMENTS (timed_out); i++)
    {
      TestWaiter *waiter = queue_get (&queue, timed_out[i]);

      test_waiter_join (waiter);
      g_assert_error (waiter->error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
      g_assert_false (waiter->success);
    }
  test_assert_unlock (lock_file);
  queue_assert_served (&queue);
  test_folder_assert_empty (folder);
}

/* One that does not wait is refused, and is in nobody's way. */
static void
test_try_while_others_wait (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  g_auto (Queue) queue = { 0 };

  queue_init (&queue);
  test_assert_lock (lock_file, 0);
  queue_fill (&queue, folder->lock_file, 3);
  g_assert_false (g_lock_file_try_lock (other, 0, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_unlock (lock_file);
  queue_assert_served (&queue);
  test_assert_lock (other, 0);
}

/* Several queues do not stand in each other's way. */
static void
test_two_paths (TestFolder    *folder,
                gconstpointer  data)
{
  g_autofree char *other_name = g_build_filename (folder->path, "other.lock", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (other_name);
  g_auto (Queue) queue = { 0 };
  g_auto (Queue) other_queue = { 0 };

  queue_init (&queue);
  queue_init (&other_queue);
  test_assert_lock (lock_file, 0);
  test_assert_lock (other, 0);
  queue_fill (&queue, folder->lock_file, 5);
  queue_fill (&other_queue, other_name, 5);
  test_assert_unlock (other);
  queue_assert_served (&other_queue);
  test_folder_assert_files (folder, "test.lock", NULL);
  test_assert_unlock (lock_file);
  queue_assert_served (&queue);
  test_folder_assert_empty (folder);
}

/* A queue must not keep other processes out for ever either. */
static void
test_other_process_in_between (TestFolder    *folder,
                               gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_auto (Queue) queue = { 0 };

  queue_init (&queue);
  test_assert_lock (lock_file, 0);
  queue_fill (&queue, folder->lock_file, 5);
  test_helper_send (helper, "lock");
  test_helper_await_sleep (helper);
  test_assert_unlock (lock_file);
  test_assert_read (helper, "ok");
  test_assert_answer (helper, "unlock", "ok");
  queue_assert_served (&queue);
  test_folder_assert_empty (folder);
}

static void
test_many (TestFolder    *folder,
           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Queue) queue = { 0 };
  gint64 begin, end = 0;

  queue_init (&queue);
  test_assert_lock (lock_file, 0);
  for (int i = 0; i < MANY_WAITERS; i++)
    queue_add (&queue, folder->lock_file, -1);
  test_waiter_await_sleep (queue_get (&queue, MANY_WAITERS - 1));

  begin = g_get_monotonic_time ();
  test_assert_unlock (lock_file);
  for (int i = 0; i < MANY_WAITERS; i++)
    {
      TestWaiter *waiter = queue_get (&queue, i);

      test_waiter_join (waiter);
      g_assert_no_error (waiter->error);
      end = MAX (end, waiter->ended);
    }
  g_test_message ("%d turns took %.1f ms", MANY_WAITERS, (end - begin) / 1000.0);
  test_folder_assert_empty (folder);
}

static void
assert_idle (pid_t            pid,
             pid_t            thread_id,
             const TestCosts *before,
             int              max_wake_ups)
{
  TestCosts after;

  test_costs_of_thread (pid, thread_id, &after);
  g_test_message ("%d wake-ups, %.3f ms", (int) (after.wake_ups - before->wake_ups),
                  (after.cpu_time - before->cpu_time) / 1e6);
  g_assert_cmpint (after.wake_ups - before->wake_ups, <=, max_wake_ups);
  g_assert_cmpint (after.cpu_time - before->cpu_time, <, 5 * 1000 * 1000);
}

/* How little it costs to wait. Who watches may look every five seconds to be on
 * the safe side (R11); who stands behind it has nothing to do at all. */
static void
test_idle (TestFolder    *folder,
           gconstpointer  data)
{
  g_autoptr (TestHelper) holder = test_helper_start (folder->lock_file, NULL);
  g_autoptr (TestHelper) watcher = test_helper_start (folder->lock_file, NULL);
  g_auto (Queue) queue = { 0 };
  TestCosts watcher_before, head_before, next_before;

  queue_init (&queue);
  test_assert_answer (holder, "lock", "ok");
  test_helper_send (watcher, "lock");
  test_helper_await_sleep (watcher);
  queue_fill (&queue, folder->lock_file, 2);

  test_costs_of_thread (test_helper_get_pid (watcher), test_helper_get_pid (watcher),
                        &watcher_before);
  test_costs_of_thread (getpid (), queue_get (&queue, 0)->thread_id, &head_before);
  test_costs_of_thread (getpid (), queue_get (&queue, 1)->thread_id, &next_before);
  g_usleep (IDLE_TIME);
  assert_idle (test_helper_get_pid (watcher), test_helper_get_pid (watcher), &watcher_before, 5);
  assert_idle (getpid (), queue_get (&queue, 0)->thread_id, &head_before, 5);
  assert_idle (getpid (), queue_get (&queue, 1)->thread_id, &next_before, 2);

  test_assert_answer (holder, "unlock", "ok");
  test_assert_read (watcher, "ok");
  test_assert_answer (watcher, "unlock", "ok");
  queue_assert_served (&queue);
}

#define ADD(name, data, function) \
  g_test_add ("/queue/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("order", NULL, test_order);
  ADD ("order/after-other-process", NULL, test_order_after_other_process);
  ADD ("order/after-crash", GINT_TO_POINTER (TRUE), test_order_after_other_process);
  ADD ("cancelled", NULL, test_cancelled_waiters);
  ADD ("timed-out", NULL, test_timed_out_waiters);
  ADD ("try-while-others-wait", NULL, test_try_while_others_wait);
  ADD ("two-paths", NULL, test_two_paths);
  ADD ("other-process-in-between", NULL, test_other_process_in_between);
  ADD ("many", NULL, test_many);
  ADD ("idle", NULL, test_idle);

  return g_test_run ();
}
