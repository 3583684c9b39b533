/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-process.h"

#include "glockfile-descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* This process and others: names, start times, boot, machine, PID namespace. */

/* A process that is this much younger than the file did not write it. */
#define STARTED_AFTER_MARGIN 2000

#define HOST_NAME_SIZE 256
#define HOST_NAME_KEPT G_TIME_SPAN_SECOND

/* What does not change while a process lives, or not once it locks files. Made
 * once, and again in a child of fork(), whose number and start are its own.
 */
typedef struct
{
  guint generation;
  pid_t pid;
  guint64 started;
  guint64 pid_namespace;
  char *app_name;
  char *machine_id;
  char *boot_id;
  char *user_name;
} Self;

/* Reads a small file of /proc, /sys or /etc; descriptors that live so shortly
 * need no place in the list for fork(), they hold no lock.
 */
static gssize
read_small_file (const char *path,
                 char       *buffer,
                 gsize       size)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  gssize n;

  if (fd < 0)
    return -1;
  do
    n = read (fd, buffer, size - 1);
  while (n < 0 && errno == EINTR);
  close (fd);

  if (n < 0)
    return -1;
  buffer[n] = '\0';
  return n;
}

static char *
read_first_line (const char *path)
{
  char buffer[256];

  if (read_small_file (path, buffer, sizeof buffer) < 0)
    return NULL;
  buffer[strcspn (buffer, "\n")] = '\0';
  g_lock_file_record_clean (buffer);
  return g_strdup (buffer);
}

typedef struct
{
  char state;
  guint64 n_threads;
  guint64 started;
} Status;

/* Fields 3, 20 and 22 of /proc/PID/stat. The second, the command's name, may
 * contain anything, also blanks and parentheses: the last one ends it.
 */
static gboolean
read_status (gint64  pid,
             Status *status)
{
  char path[64], buffer[1024];
  const char *p;

  g_snprintf (path, sizeof path, "/proc/%" G_GINT64_FORMAT "/stat", pid);
  if (read_small_file (path, buffer, sizeof buffer) < 0)
    return FALSE;
  p = strrchr (buffer, ')');
  if (p == NULL || p[1] != ' ')
    return FALSE;
  p += 2;
  status->state = *p;
  for (guint field = 3; field < 22; field++)
    {
      if (field == 20)
        status->n_threads = g_ascii_strtoull (p, NULL, 10);
      p = strchr (p, ' ');
      if (p == NULL)
        return FALSE;
      p++;
    }
  status->started = g_ascii_strtoull (p, NULL, 10);
  return TRUE;
}

/* The base name of a process' executable, as Qt determines it. */
static char *
read_app_name (const char *link)
{
  g_autofree char *target = g_file_read_link (link, NULL);
  const char *base;
  char *name;

  if (target == NULL)
    return NULL;
  if (g_str_has_suffix (target, " (deleted)"))
    target[strlen (target) - strlen (" (deleted)")] = '\0';
  base = strrchr (target, '/');
  name = g_strdup (base != NULL ? base + 1 : target);
  g_lock_file_record_clean (name);
  return name;
}

static char *
read_user_name (void)
{
  long size = sysconf (_SC_GETPW_R_SIZE_MAX);
  g_autofree char *buffer = NULL;
  struct passwd entry, *found = NULL;

  /* Not g_get_user_name(): it falls back on the environment, and answers
   * "somebody" for a user that has no name. */
  size = MAX (size, 16384);
  buffer = g_malloc (size);
  if (getpwuid_r (geteuid (), &entry, buffer, size, &found) != 0 || found == NULL)
    return NULL;
  g_lock_file_record_clean (found->pw_name);
  return g_strdup (found->pw_name);
}

static guint64
read_pid_namespace (void)
{
  struct stat buffer;

  return stat ("/proc/self/ns/pid", &buffer) == 0 ? buffer.st_ino : 0;
}

static void
read_names (Self *self)
{
  self->app_name = read_app_name ("/proc/self/exe");
  if (self->app_name == NULL)
    self->app_name = g_strdup (program_invocation_short_name);

  self->machine_id = read_first_line ("/etc/machine-id");
  if (self->machine_id == NULL || *self->machine_id == '\0')
    {
      g_free (self->machine_id);
      self->machine_id = read_first_line ("/var/lib/dbus/machine-id");
    }
  if (self->machine_id == NULL)
    self->machine_id = g_strdup ("");

  self->boot_id = read_first_line ("/proc/sys/kernel/random/boot_id");
  if (self->boot_id == NULL)
    self->boot_id = g_strdup ("");

  self->user_name = read_user_name ();
}

static void
clear_names (Self *self)
{
  g_free (self->app_name);
  g_free (self->machine_id);
  g_free (self->boot_id);
  g_free (self->user_name);
}

static const Self *
get_self (void)
{
  static Self *self;
  Self *known = g_atomic_pointer_get (&self);
  Self *made;
  Status status;

  if (known != NULL && known->generation == g_lock_file_fork_generation ())
    return known;

  made = g_new0 (Self, 1);
  if (known != NULL)
    *made = *known; /* Reading a user's name is not for the child of a process with threads. */
  else
    read_names (made);
  made->generation = g_lock_file_fork_generation ();
  made->pid = getpid ();
  made->pid_namespace = read_pid_namespace ();
  made->started = read_status (made->pid, &status) ? status.started : 0;

  /* What it replaces, another thread may use still: a few words, once a fork. */
  if (!g_atomic_pointer_compare_and_exchange (&self, known, made))
    {
      /* Another thread was quicker, and nobody has seen this one. */
      if (known == NULL)
        clear_names (made);
      g_free (made);
    }
  return g_atomic_pointer_get (&self);
}

/*
 * g_lock_file_process_prepare:
 *
 * Finds out who we are, if that is not known yet: it may take its time, as users'
 * names may come over a network.
 */
void
g_lock_file_process_prepare (void)
{
  get_self ();
}

/*
 * g_lock_file_process_get_hostname:
 *
 * The name of this host. It can be renamed at any time, so it is asked again,
 * but not for each lock that is taken within a second.
 */
void
g_lock_file_process_get_hostname (char  *buffer,
                                  gsize  size)
{
  static char known[HOST_NAME_SIZE];
  static gint64 known_until;
  gint64 now = g_get_monotonic_time ();

  g_lock_file_state_lock ();
  if (now >= known_until)
    {
      if (gethostname (known, sizeof known) != 0)
        known[0] = '\0';
      known[sizeof known - 1] = '\0';
      g_lock_file_record_clean (known);
      known_until = now + HOST_NAME_KEPT;
    }
  g_strlcpy (buffer, known, size);
  g_lock_file_state_unlock ();
}

/*
 * g_lock_file_process_fill_record:
 *
 * Fills in who we are, but for the host's name. The strings belong to this room.
 */
void
g_lock_file_process_fill_record (GLockFileRecord *record)
{
  const Self *self = get_self ();

  record->pid = self->pid;
  record->app_name = self->app_name;
  record->machine_id = self->machine_id;
  record->boot_id = self->boot_id;
  record->user_name = self->user_name;
  record->pid_namespace = self->pid_namespace;
  record->started = self->started;
}

/*
 * g_lock_file_process_new_token:
 *
 * A random UUID. From the kernel, some at a time: the generator of GLib would go
 * on with the same numbers in a child of fork().
 */
void
g_lock_file_process_new_token (char token[37])
{
  static const char hex[] = "0123456789abcdef";
  static guint8 pool[32][16];
  static guint n_left, generation;
  guint8 bytes[16];
  char *p = token;

  g_lock_file_state_lock ();
  if (n_left == 0 || generation != g_lock_file_fork_generation ())
    {
      /* Up to 256 bytes cannot be interrupted; the loop is for the rest of
       * what might go wrong. */
      for (guint i = 0; i < sizeof pool; i += 256)
        {
          if (getrandom ((guint8 *) pool + i, 256, 0) != 256)
            for (guint k = 0; k < 256; k++)
              ((guint8 *) pool)[i + k] = g_random_int ();
        }
      generation = g_lock_file_fork_generation ();
      n_left = G_N_ELEMENTS (pool);
    }
  memcpy (bytes, pool[--n_left], sizeof bytes);
  g_lock_file_state_unlock ();

  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;

  for (guint i = 0; i < sizeof bytes; i++)
    {
      if (i == 4 || i == 6 || i == 8 || i == 10)
        *p++ = '-';
      *p++ = hex[bytes[i] >> 4];
      *p++ = hex[bytes[i] & 15];
    }
  *p = '\0';
}

/* Compares two IDs; what does not look like one counts as not known. */
static GLockFileMatch
match_ids (const char *a,
           const char *b)
{
  if (!g_lock_file_record_is_id (a) || !g_lock_file_record_is_id (b))
    return G_LOCK_FILE_MATCH_UNKNOWN;
  return g_ascii_strcasecmp (a, b) == 0 ? G_LOCK_FILE_MATCH_SAME : G_LOCK_FILE_MATCH_DIFFERENT;
}

GLockFileMatch
g_lock_file_process_match_boot (const GLockFileRecord *record)
{
  return match_ids (record->boot_id, get_self ()->boot_id);
}

GLockFileMatch
g_lock_file_process_match_host (const GLockFileRecord *record,
                                gboolean               on_shared_volume)
{
  char hostname[HOST_NAME_SIZE];
  gboolean same_name;

  g_lock_file_process_get_hostname (hostname, sizeof hostname);
  same_name = strcmp (record->hostname, hostname) == 0;

  switch (match_ids (record->machine_id, get_self ()->machine_id))
    {
    case G_LOCK_FILE_MATCH_SAME:
      /* Cloned machines share their ID. */
      return same_name || !on_shared_volume ? G_LOCK_FILE_MATCH_SAME : G_LOCK_FILE_MATCH_DIFFERENT;
    case G_LOCK_FILE_MATCH_DIFFERENT:
      return G_LOCK_FILE_MATCH_DIFFERENT;
    case G_LOCK_FILE_MATCH_UNKNOWN:
    default:
      return same_name || *record->hostname == '\0' ? G_LOCK_FILE_MATCH_SAME
                                                    : G_LOCK_FILE_MATCH_DIFFERENT;
    }
}

/* Microseconds since this system was started, also those it slept. */
gint64
g_lock_file_process_boot_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* With what this kernel stamps files: microseconds since 1970. */
gint64
g_lock_file_process_file_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* What is not UTF-8 stands in files with another sign in its place, each library's own;
 * then what comes before it must do. */
static gboolean
may_be_same_name (const char *a,
                  const char *b)
{
  const char *replacement = "\xef\xbf\xbd";

  while (*a == *b && *a != '\0')
    {
      a++;
      b++;
    }
  return *a == *b || *a == '?' || *b == '?' || g_str_has_prefix (a, replacement) ||
         g_str_has_prefix (b, replacement);
}

/*
 * g_lock_file_process_look:
 * @record: what a lock file says
 * @boot: whether it was written in this boot
 * @host: whether it was written on this host
 * @file_age: milliseconds since the file was changed, or -1
 *
 * Looks what has become of the process that wrote the file.
 */
GLockFileProcess
g_lock_file_process_look (const GLockFileRecord *record,
                          GLockFileMatch         boot,
                          GLockFileMatch         host,
                          gint64                 file_age)
{
  gboolean have_status;
  Status status;

  if (boot == G_LOCK_FILE_MATCH_DIFFERENT ||
      (boot == G_LOCK_FILE_MATCH_UNKNOWN && host != G_LOCK_FILE_MATCH_SAME))
    return G_LOCK_FILE_PROCESS_UNKNOWN;
  /* A number says nothing in another PID namespace. */
  if (record->pid_namespace != 0 && record->pid_namespace != get_self ()->pid_namespace)
    return G_LOCK_FILE_PROCESS_UNKNOWN;
  if (record->pid <= 0)
    return G_LOCK_FILE_PROCESS_UNKNOWN;
  if (record->pid > G_MAXINT)
    return G_LOCK_FILE_PROCESS_DEAD;

  if (kill (record->pid, 0) != 0 && errno == ESRCH)
    return G_LOCK_FILE_PROCESS_DEAD;

  have_status = read_status (record->pid, &status);
  if (!have_status)
    {
      /* It ended this moment, or /proc does not show it to us. */
      if (kill (record->pid, 0) != 0 && errno == ESRCH)
        return G_LOCK_FILE_PROCESS_DEAD;
      return G_LOCK_FILE_PROCESS_ALIVE;
    }

  /* A zombie has closed its files, only its parent has not asked yet how it
   * ended; unless just its first thread has ended, and others go on. */
  if ((status.state == 'Z' || status.state == 'X') && status.n_threads <= 1)
    return G_LOCK_FILE_PROCESS_DEAD;

  if (record->started != 0)
    return record->started == status.started ? G_LOCK_FILE_PROCESS_CERTAIN
                                             : G_LOCK_FILE_PROCESS_REUSED;

  if (file_age >= 0)
    {
      gint64 process_age = g_lock_file_process_boot_clock () / 1000 -
                           (gint64) (status.started * 1000 / sysconf (_SC_CLK_TCK));

      if (process_age + STARTED_AFTER_MARGIN < file_age)
        return G_LOCK_FILE_PROCESS_REUSED;
    }

  if (*record->app_name != '\0')
    {
      g_autofree char *link = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/exe", record->pid);
      g_autofree char *app_name = read_app_name (link);

      if (app_name != NULL && !may_be_same_name (app_name, record->app_name))
        return G_LOCK_FILE_PROCESS_REUSED;
    }

  return G_LOCK_FILE_PROCESS_ALIVE;
}
