/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lock files that lie: about process IDs, the host, the boot and the time. A lie may keep
 * a contender waiting, as any file may that somebody puts there. It makes nobody wait for
 * longer than the safety look, takes no lock from a living holder, and harms no process.
 */

#include "rogue.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define OTHER_MACHINE "0123456789abcdef0123456789abcdef"
#define OTHER_BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define OTHER_NAMESPACE 1

static const SceneOptions victim = { VICTIM };

/* Whose number a file claims. */
typedef enum
{
  PID_OF_INIT,
  PID_OF_READER,
  PID_OF_ROGUE,                 /* a living process of another user's */
  PID_OF_VICTIM,                /* a living process of the reader's */
  PID_OF_NOBODY,
  PID_HUGE,                     /* more than a system counts, but a number */
} WhosePid;

typedef enum
{
  FORM_QT,
  FORM_OURS,
  FORM_UNLOCKED,                /* ours, and says that there are no kernel locks */
} Form;

typedef enum
{
  START_UNSAID,
  START_WRONG,
  START_RIGHT,
} Start;

typedef struct
{
  const char *name;
  WhosePid whose;
  Form form;
  Start start;
  const char *app_name;         /* NULL: that process' own */
  const char *machine_id;       /* NULL: as it is, likewise the others */
  const char *boot_id;
  const char *hostname;
  gboolean other_namespace;
  double age;                   /* seconds; negative: in the future */
  SceneResult result;           /* of trying for a moment */
} Lie;

static const Lie lies[] = {
  /* Files like Qt's: the number counts, and the program's name where it can be seen. */
  { "qt/init", PID_OF_INIT, FORM_QT, .result = SCENE_LOCKED },
  { "qt/init/old", PID_OF_INIT, FORM_QT, .age = 40, .result = SCENE_LOCKED },
  { "qt/reader", PID_OF_READER, FORM_QT, .result = SCENE_LOCKED },
  { "qt/reader/another-program", PID_OF_READER, FORM_QT, .app_name = "gedit", .result = SCENE_OK },
  { "qt/reader/before-it-started", PID_OF_READER, FORM_QT, .age = 3600, .result = SCENE_OK },
  { "qt/another-user", PID_OF_ROGUE, FORM_QT, .result = SCENE_LOCKED },
  { "qt/same-user", PID_OF_VICTIM, FORM_QT, .result = SCENE_LOCKED },
  { "qt/nobody", PID_OF_NOBODY, FORM_QT, .result = SCENE_OK },
  { "qt/huge", PID_HUGE, FORM_QT, .result = SCENE_OK },
  { "qt/another-host", PID_OF_INIT, FORM_QT, .machine_id = OTHER_MACHINE, .boot_id = OTHER_BOOT,
    .hostname = "ws1", .result = SCENE_LOCKED },
  { "qt/another-host/old", PID_OF_INIT, FORM_QT, .machine_id = OTHER_MACHINE,
    .boot_id = OTHER_BOOT, .hostname = "ws1", .age = 3600, .result = SCENE_OK },
  { "qt/another-host/future", PID_OF_INIT, FORM_QT, .machine_id = OTHER_MACHINE,
    .boot_id = OTHER_BOOT, .hostname = "ws1", .age = -86400, .result = SCENE_LOCKED },
  { "qt/another-boot", PID_OF_INIT, FORM_QT, .boot_id = OTHER_BOOT, .result = SCENE_OK },

  /* Of ours the kernel lock counts, whatever they say. */
  { "ours/init", PID_OF_INIT, FORM_OURS, .result = SCENE_OK },
  { "ours/init/right-start", PID_OF_INIT, FORM_OURS, START_RIGHT, .result = SCENE_OK },
  { "ours/reader", PID_OF_READER, FORM_OURS, START_RIGHT, .result = SCENE_OK },
  { "ours/same-user", PID_OF_VICTIM, FORM_OURS, START_RIGHT, .result = SCENE_OK },
  { "ours/another-namespace", PID_OF_INIT, FORM_OURS, .other_namespace = TRUE,
    .result = SCENE_OK },
  { "ours/future", PID_OF_INIT, FORM_OURS, .age = -86400, .result = SCENE_OK },
  { "ours/another-host", PID_OF_INIT, FORM_OURS, .machine_id = OTHER_MACHINE,
    .boot_id = OTHER_BOOT, .hostname = "ws1", .result = SCENE_LOCKED },
  { "ours/another-host/old", PID_OF_INIT, FORM_OURS, .machine_id = OTHER_MACHINE,
    .boot_id = OTHER_BOOT, .hostname = "ws1", .age = 3600, .result = SCENE_OK },

  /* Where a file says that there were none, the process' start does. */
  { "unlocked/init", PID_OF_INIT, FORM_UNLOCKED, START_RIGHT, .result = SCENE_LOCKED },
  { "unlocked/init/old", PID_OF_INIT, FORM_UNLOCKED, START_RIGHT, .age = 3600,
    .result = SCENE_LOCKED },
  { "unlocked/reused", PID_OF_VICTIM, FORM_UNLOCKED, START_WRONG, .result = SCENE_OK },
  { "unlocked/another-user", PID_OF_ROGUE, FORM_UNLOCKED, START_RIGHT, .result = SCENE_LOCKED },
  { "unlocked/another-user/reused", PID_OF_ROGUE, FORM_UNLOCKED, START_WRONG,
    .result = SCENE_OK },
  { "unlocked/another-namespace", PID_OF_NOBODY, FORM_UNLOCKED, .other_namespace = TRUE,
    .result = SCENE_LOCKED },
};

static guint64
start_of (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid);
  g_autofree char *content = test_file_read (path);
  g_auto (GStrv) fields = g_strsplit (strrchr (content, ')') + 2, " ", -1);

  return g_ascii_strtoull (fields[22 - 3], NULL, 10);
}

static char *
app_name_of (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/exe", pid);
  g_autofree char *target = g_file_read_link (path, NULL);

  return target != NULL ? g_path_get_basename (target) : g_strdup ("gedit");
}

/* What has its own host and program where @lie says nothing else. */
static char *
make_content (const Lie  *lie,
              gint64      pid,
              const char *path)
{
  g_autofree char *own_name = app_name_of (pid);
  g_autofree char *lines = test_qt_content (pid, lie->app_name != NULL ? lie->app_name : own_name,
                                            lie->hostname, lie->machine_id, lie->boot_id);
  struct stat folder, namespace;
  GString *content = g_string_new (lines);

  if (lie->form == FORM_QT)
    return g_string_free (content, FALSE);

  g_assert_no_errno (stat (path, &folder));
  g_assert_no_errno (stat ("/proc/self/ns/pid", &namespace));
  g_string_append_printf (content, "GLockFile 1 %s\nuser=root\nname=Text Editor\n"
                                   "since=2026-01-05T10:42:00Z\ndev=%u:%u\n"
                                   "pidns=%" G_GUINT64_FORMAT "\n",
                          lie->form == FORM_OURS ? "flock" : "none",
                          major (folder.st_dev), minor (folder.st_dev),
                          lie->other_namespace ? (guint64) OTHER_NAMESPACE
                                               : (guint64) namespace.st_ino);
  if (lie->start != START_UNSAID)
    g_string_append_printf (content, "started=%" G_GUINT64_FORMAT "\n",
                            start_of (pid) + (lie->start == START_WRONG ? 1 : 0));
  return g_string_free (content, FALSE);
}

static void
do_nothing (const char *path)
{
}

static gint64
find_pid (WhosePid    whose,
          TestHelper *reader,
          Rogue      *rogue,
          Rogue      *bystander)
{
  switch (whose)
    {
    case PID_OF_INIT:
      return 1;
    case PID_OF_READER:
      return test_helper_get_pid (reader);
    case PID_OF_ROGUE:
      return rogue_get_pid (rogue);
    case PID_OF_VICTIM:
      return rogue_get_pid (bystander);
    case PID_OF_NOBODY:
      return test_dead_pid ();
    case PID_HUGE:
    default:
      return G_MAXINT64;
    }
}

static void
test_lie (TestFolder    *folder,
          gconstpointer  data)
{
  const Lie *lie = data;
  g_autoptr (TestHelper) reader = NULL;
  g_autoptr (Rogue) rogue = NULL;
  g_autoptr (Rogue) bystander = NULL;
  g_autofree char *content = NULL;
  g_autofree char *answer = NULL;

  if (!scene_is_privileged ())
    return;
  rogue_open_folder (folder, FALSE);
  reader = scene_start (folder->lock_file, victim);
  rogue = rogue_start (ROGUE_UID, do_nothing, NULL);
  bystander = rogue_start (VICTIM_UID, do_nothing, NULL);
  content = make_content (lie, find_pid (lie->whose, reader, rogue, bystander), folder->path);
  test_file_write (folder->lock_file, content);
  g_assert_no_errno (g_chmod (folder->lock_file, 0644));
  test_file_set_age (folder->lock_file, lie->age);

  answer = scene_ask (reader, "query", SCENE_OK);
  scene_check (reader, "try 50", lie->result);
  if (lie->result == SCENE_OK)
    {
      scene_check (reader, "verify", SCENE_OK);
      scene_check (reader, "unlock", SCENE_OK);
    }
  else
    {
      g_autofree char *after = test_file_read (folder->lock_file);

      g_assert_cmpstr (after, ==, content);
      /* Nobody has the kernel lock, and the user agreed. */
      scene_check (reader, "remove-stale", SCENE_OK);
    }
  test_folder_assert_empty (folder);

  /* Nobody was harmed. */
  g_assert_no_errno (kill (rogue_get_pid (rogue), 0));
  g_assert_no_errno (kill (rogue_get_pid (bystander), 0));
}

/* --- Numbers that are none ------------------------------------------------- */

static void
test_no_number (TestFolder    *folder,
                gconstpointer  data)
{
  static const char * const numbers[] = {
    "-1", "0", "+1", " 1", "1 ", "0x1", "1e3", "9223372036854775808", "18446744073709551617", "",
    "\xd9\xa1", "1\v", "1\r",
  };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *content = g_strdup_printf ("%s\ninit\nws1\n%s\n%s\n", numbers[i],
                                                  OTHER_MACHINE, OTHER_BOOT);

      test_file_write (folder->lock_file, content);
      test_assert_lock_error (lock_file, 0, NULL,
                              G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
    }
}

/* --- Lies of one who has the kernel lock ----------------------------------- */

static char *claimed_content;

/* Opened for reading only, so that no event tells when he goes. */
static void
hold_and_lie (const char *path)
{
  int fd;

  test_file_write (path, claimed_content);
  g_assert_no_errno (g_chmod (path, 0644));
  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_no_errno (flock (fd, LOCK_EX));
}

/* The waiter watches for the end of the wrong process. The safety look finds out (R11). */
static void
test_busy_lie (TestFolder    *folder,
               gconstpointer  data)
{
  const Lie lie = { "", GPOINTER_TO_INT (data), FORM_OURS, START_RIGHT };
  g_autoptr (TestHelper) reader = NULL;
  g_autoptr (Rogue) bystander = NULL;
  Rogue *rogue;

  if (!scene_is_privileged ())
    return;
  rogue_open_folder (folder, FALSE);
  reader = scene_start (folder->lock_file, victim);
  bystander = rogue_start (VICTIM_UID, do_nothing, NULL);
  claimed_content = make_content (&lie, find_pid (lie.whose, reader, NULL, bystander),
                                  folder->path);
  rogue = rogue_start (ROGUE_UID, hold_and_lie, folder->lock_file);

  scene_check (reader, "try 0", SCENE_LOCKED);
  scene_check (reader, "try 50", SCENE_LOCKED);
  scene_check (reader, "remove-stale", SCENE_LOCKED);
  test_helper_send (reader, "lock");
  test_helper_await_sleep (reader);
  rogue_end (rogue);
  scene_await_ok (reader);
  scene_check (reader, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
  g_assert_no_errno (kill (rogue_get_pid (bystander), 0));
  g_clear_pointer (&claimed_content, g_free);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  scene_init ();
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      g_autofree char *path = g_strconcat ("/lies/", lies[i].name, NULL);

      ADD (path, &lies[i], test_lie);
    }
  ADD ("/lies/no-number", NULL, test_no_number);
  ADD ("/lies/busy/reader", GINT_TO_POINTER (PID_OF_READER), test_busy_lie);
  ADD ("/lies/busy/same-user", GINT_TO_POINTER (PID_OF_VICTIM), test_busy_lie);

  return g_test_run ();
#undef ADD
}
