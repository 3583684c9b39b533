/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "contender.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <lockfile/glockfile.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

gsize contender_content_size = 256;

/* ---- GLockFile ---- */

static gpointer
glockfile_open (const char *path)
{
  return g_lock_file_new (path);
}

static gboolean
glockfile_lock (gpointer lock,
                int      timeout)
{
  g_autoptr (GError) error = NULL;

  if (g_lock_file_try_lock (lock, timeout, NULL, &error))
    return TRUE;
  if (!g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
    g_error ("GLockFile cannot lock: %s", error->message);
  return FALSE;
}

static void
glockfile_unlock (gpointer lock)
{
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_unlock (lock, &error))
    g_error ("GLockFile cannot unlock: %s", error->message);
}

Contender contender_glockfile = {
  .name = "GLockFile",
  .excludes = TRUE,
  .open = glockfile_open,
  .lock = glockfile_lock,
  .unlock = glockfile_unlock,
  .close = g_object_unref,
};

/* ---- flock() on a file that stays ---- */

static gpointer
flock_open (const char *path)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

  if (fd < 0)
    g_error ("Cannot open %s: %s", path, g_strerror (errno));
  return GINT_TO_POINTER (fd);
}

static gboolean
flock_lock (gpointer lock,
            int      timeout)
{
  if (flock (GPOINTER_TO_INT (lock), timeout == 0 ? LOCK_EX | LOCK_NB : LOCK_EX) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    g_error ("flock: %s", g_strerror (errno));
  return FALSE;
}

static void
flock_unlock (gpointer lock)
{
  flock (GPOINTER_TO_INT (lock), LOCK_UN);
}

static void
flock_close (gpointer lock)
{
  close (GPOINTER_TO_INT (lock));
}

Contender contender_flock = {
  .name = "bare flock",
  .excludes = TRUE,
  .open = flock_open,
  .lock = flock_lock,
  .unlock = flock_unlock,
  .close = flock_close,
};

/* ---- The system calls of R1, R2 and R14 and nothing else ---- */

typedef struct
{
  char       *path;
  char       *directory;
  char       *content;
  char       *removal_path;   /* NULL: without the looks */
  struct stat status;
  int         fd;
} SystemCalls;

static gpointer
system_calls_open (const char *path)
{
  SystemCalls *self = g_new0 (SystemCalls, 1);

  self->path = g_strdup (path);
  self->directory = g_path_get_dirname (path);
  self->content = g_strnfill (contender_content_size, 'x');
  return self;
}

/* Also what nobody can leave out who deletes no other's file and shares the path with Qt
 * programs: which file is mine, is it still there, does somebody remove it? */
static gpointer
careful_open (const char *path)
{
  SystemCalls *self = system_calls_open (path);

  self->removal_path = g_strconcat (path, ".rmlock", NULL);
  return self;
}

static gboolean
system_calls_lock (gpointer lock,
                   int      timeout)
{
  SystemCalls *self = lock;

  self->fd = open (self->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (self->fd < 0
      || (self->removal_path != NULL && fstat (self->fd, &self->status) < 0)
      || flock (self->fd, LOCK_EX | LOCK_NB) < 0
      || write (self->fd, self->content, contender_content_size) < 0)
    g_error ("The bare system calls do not work here: %s", g_strerror (errno));

  if (linkat (self->fd, "", AT_FDCWD, self->path, AT_EMPTY_PATH) < 0)
    {
      /* Before Linux 6.10 the short way is for privileged processes. */
      char name[64];

      g_snprintf (name, sizeof name, "/proc/self/fd/%d", self->fd);
      if (linkat (AT_FDCWD, name, AT_FDCWD, self->path, AT_SYMLINK_FOLLOW) < 0)
        g_error ("linkat: %s", g_strerror (errno));
    }
  return TRUE;
}

static void
system_calls_unlock (gpointer lock)
{
  SystemCalls *self = lock;
  struct stat status;

  if (self->removal_path != NULL
      && (lstat (self->path, &status) < 0 || status.st_ino != self->status.st_ino))
    g_error ("Somebody has removed the file of the bare system calls");
  unlink (self->path);
  if (self->removal_path != NULL && lstat (self->removal_path, &status) == 0)
    g_error ("Somebody removes the file of the bare system calls");
  close (self->fd);
}

static void
system_calls_close (gpointer lock)
{
  SystemCalls *self = lock;

  g_free (self->path);
  g_free (self->directory);
  g_free (self->removal_path);
  g_free (self->content);
  g_free (self);
}

Contender contender_system_calls = {
  .name = "bare system calls",
  .open = system_calls_open,
  .lock = system_calls_lock,
  .unlock = system_calls_unlock,
  .close = system_calls_close,
};

static Contender contender_careful = {
  .name = "bare and careful",
  .open = careful_open,
  .lock = system_calls_lock,
  .unlock = system_calls_unlock,
  .close = system_calls_close,
};

/* ---- Others, where they are installed ---- */

#ifdef QLOCKFILE6_MODULE
static Contender contender_qlockfile6 = {
  .name = "QLockFile 6",
  .module = QLOCKFILE6_MODULE,
  .polls = TRUE,
  .excludes = TRUE,
};
#endif

#ifdef QLOCKFILE5_MODULE
static Contender contender_qlockfile5 = {
  .name = "QLockFile 5",
  .module = QLOCKFILE5_MODULE,
  .polls = TRUE,
  .excludes = TRUE,
};
#endif

#ifdef FILELOCK_PYTHON
static Contender contender_filelock = {
  .name = "Python filelock",
  .interpreter = FILELOCK_PYTHON,
  .program = FILELOCK_PROGRAM,
  .polls = TRUE,
  .excludes = TRUE,
};
#endif

static Contender *contenders[] = {
  &contender_glockfile,
  &contender_system_calls,
  &contender_careful,
  &contender_flock,
#ifdef QLOCKFILE6_MODULE
  &contender_qlockfile6,
#endif
#ifdef QLOCKFILE5_MODULE
  &contender_qlockfile5,
#endif
#ifdef FILELOCK_PYTHON
  &contender_filelock,
#endif
  NULL,
};

Contender *const *
contender_get_all (void)
{
  return contenders;
}

gboolean
contender_is_selected (const Contender *contender)
{
  for (gsize i = 0; contenders[i] != NULL; i++)
    {
      if (contenders[i] == contender)
        return TRUE;
    }
  return FALSE;
}

gboolean
contender_select (const char *const *names,
                  GError           **error)
{
  Contender *chosen[G_N_ELEMENTS (contenders)] = { NULL };
  gsize n_chosen = 0;

  for (gsize i = 0; contenders[i] != NULL; i++)
    {
      if (g_strv_contains (names, contenders[i]->name))
        chosen[n_chosen++] = contenders[i];
    }
  if (n_chosen < g_strv_length ((char **) names))
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "A contender of that name is not there");
      return FALSE;
    }

  memcpy (contenders, chosen, sizeof chosen);
  return TRUE;
}

static gpointer
find_symbol (void       *module,
             const char *name)
{
  gpointer symbol = dlsym (module, name);

  if (symbol == NULL)
    g_error ("%s", dlerror ());
  return symbol;
}

void
contender_load (Contender *contender)
{
  void *module;

  if (contender->module == NULL || contender->open != NULL)
    return;

  module = dlopen (contender->module, RTLD_NOW | RTLD_LOCAL);
  if (module == NULL)
    g_error ("%s", dlerror ());

  contender->open = find_symbol (module, "qlockfile_open");
  contender->lock = find_symbol (module, "qlockfile_lock");
  contender->unlock = find_symbol (module, "qlockfile_unlock");
  contender->close = find_symbol (module, "qlockfile_close");
}
