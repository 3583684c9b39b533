/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "target.h"

#include "lockfile/glockfile-attempt.h"
#include "rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

/* A whole file that stands in the way: it is looked at, judged and, if it is stale,
 * removed, on a disk in memory that behaves as the conditions behind the file say.
 * The judgement must be that of the second statement of the rules, and the disk sees
 * to it that nothing is done to the file that the rules do not allow.
 */

#define PATH "/fuzz/lock"
#define REMOVAL_PATH PATH ".rmlock"

typedef enum
{
  OPERATION_LOCK,
  OPERATION_REMOVE,
  OPERATION_QUERY,
  N_OPERATIONS,
} Operation;

/* What stands at P.rmlock. */
typedef enum
{
  REMOVAL_FREE,
  REMOVAL_BUSY,                 /* what stands at P too, with somebody's kernel lock */
  REMOVAL_LEFTOVER,             /* what stands at P too */
  N_REMOVALS,
} Removal;

typedef struct
{
  Operation operation;
  Removal removal;
  GLockFileKind kind;
  int kernel_answer;            /* to one who asks for the lock on the file; 0: it is free */
  guint volume_type;
  gboolean same_device;
  gboolean no_candidates;
  gboolean not_writable;
  guint stale_lock_time;
  gint64 age;                   /* milliseconds */
  gint64 seen_for;              /* milliseconds */
  int fault_at;                 /* the call that fails, counted from 1; 0: none */
  int fault;
} Conditions;

static Conditions conditions;

/* The bytes that say so, and what make_local() is told. */
#define N_CONDITIONS 15

#define EXT4_MAGIC 0xef53
#define NFS_MAGIC 0x6969
#define FUSE_MAGIC 0x65735546

static const guint32 volume_types[] = { EXT4_MAGIC, NFS_MAGIC, FUSE_MAGIC };

/* --- The disk --------------------------------------------------------------- */

/* The time in the clock of a file system that is not local when this system was started:
 * it has nothing to do with our time. */
#define FOREIGN_CLOCK G_GINT64_CONSTANT (1767609720000000)

#define FIRST_FD 100

typedef struct
{
  const char *path;             /* NULL: it has no name */
  gboolean is_suspect;          /* the file at P from the beginning */
  gboolean is_ours;             /* made by the attempt */
  gboolean is_busy;             /* somebody else has its kernel lock */
  gint64 changed;
  char *content;
  gsize size;
} Inode;

typedef struct
{
  Inode *inode;                 /* NULL: closed */
  gboolean writable;
  gboolean locked;
  gboolean read_something;      /* at least a byte that is not NUL */
  gboolean asked;               /* for its kernel lock */
} Descriptor;

/* A thread may close what a release leaves open for a while (R14). */
static GRecMutex disk_mutex;

static struct
{
  dev_t device;
  gint64 clock_at_boot;
  Inode inodes[32];
  guint n_inodes;
  Descriptor descriptors[16];
  GLockFileKernel kernel;       /* what was answered last about the suspect */
  gboolean asked_though_empty;
  gboolean removed;             /* the suspect */
  int n_calls;
} disk;

static gint64
disk_now (void)
{
  return disk.clock_at_boot + g_lock_file_process_boot_clock ();
}

static Inode *
add_inode (const char *path,
           const char *content,
           gsize       size)
{
  Inode *inode = &disk.inodes[disk.n_inodes];

  g_assert_cmpuint (disk.n_inodes, <, G_N_ELEMENTS (disk.inodes));
  disk.n_inodes++;
  *inode = (Inode) {
    .path = g_intern_string (path),
    .changed = disk_now (),
    .content = g_memdup2 (content, size),
    .size = size,
  };
  return inode;
}

static Inode *
find_inode (const char *path)
{
  for (guint i = 0; i < disk.n_inodes; i++)
    {
      if (disk.inodes[i].path != NULL && strcmp (disk.inodes[i].path, path) == 0)
        return &disk.inodes[i];
    }
  return NULL;
}

static Descriptor *
get_descriptor (int fd)
{
  g_assert_cmpint (fd, >=, FIRST_FD);
  g_assert_cmpint (fd, <, FIRST_FD + (int) G_N_ELEMENTS (disk.descriptors));
  g_assert_nonnull (disk.descriptors[fd - FIRST_FD].inode);
  return &disk.descriptors[fd - FIRST_FD];
}

static gboolean
kernel_locks_unsupported (void)
{
  return conditions.kernel_answer == ENOLCK;
}

/* Whether the attempt has the kernel lock, or nobody can have one. */
static gboolean
is_locked_by_us (const Inode *inode)
{
  if (kernel_locks_unsupported ())
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (disk.descriptors); i++)
    {
      if (disk.descriptors[i].inode == inode && disk.descriptors[i].locked)
        return TRUE;
    }
  return FALSE;
}

static int
fail (int error)
{
  errno = error;
  return -1;
}

/* Whether this call is the one that fails. The thread that closes files behind a release
 * (R14) makes calls too. */
static gboolean
is_faulty (void)
{
  int n_calls = g_atomic_int_add (&disk.n_calls, 1) + 1;

  errno = conditions.fault;
  return n_calls == conditions.fault_at;
}

/* Then what comes of it is as the fault has it; only what the disk sees to still holds. */
static gboolean
was_faulty (void)
{
  return conditions.fault_at > 0 && g_atomic_int_get (&disk.n_calls) >= conditions.fault_at;
}

static int
disk_open (const char *path,
           int         flags,
           mode_t      mode)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  gboolean writable = (flags & O_ACCMODE) == O_RDWR;
  Inode *inode = NULL;
  guint i = 0;

  g_assert_cmpint (flags & O_TRUNC, ==, 0);
  if (is_faulty ())
    return -1;
  /* There are only files here; each is found by its whole path. */
  if (flags & O_PATH)
    return fail (EMFILE);
  if ((flags & O_TMPFILE) == O_TMPFILE)
    {
      if (conditions.no_candidates)
        return fail (EOPNOTSUPP);
      inode = add_inode (NULL, NULL, 0);
      inode->is_ours = TRUE;
    }
  else if ((inode = find_inode (path)) == NULL)
    {
      if (!(flags & O_CREAT))
        return fail (ENOENT);
      inode = add_inode (path, NULL, 0);
      inode->is_ours = TRUE;
    }
  else
    {
      if (flags & O_CREAT)
        return fail (EEXIST);
      /* It would wake every waiter when it is closed (R10). */
      g_assert_true (!writable || conditions.volume_type != EXT4_MAGIC);
      if (inode->is_suspect)
        {
          g_assert_true (conditions.kind == G_LOCK_FILE_KIND_REGULAR ||
                         conditions.kind == G_LOCK_FILE_KIND_UNREADABLE);
          if (conditions.kind == G_LOCK_FILE_KIND_UNREADABLE ||
              (writable && conditions.not_writable))
            return fail (EACCES);
        }
      if ((flags & O_NOATIME) && conditions.not_writable)
        return fail (EPERM);
    }

  while (disk.descriptors[i].inode != NULL)
    g_assert_cmpuint (++i, <, G_N_ELEMENTS (disk.descriptors));
  disk.descriptors[i] = (Descriptor) { .inode = inode, .writable = writable };
  return FIRST_FD + i;
}

static int
disk_close (int fd)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);

  *get_descriptor (fd) = (Descriptor) { 0 };
  return 0;
}

static ssize_t
disk_pread (int    fd,
            void  *buffer,
            size_t size,
            off_t  offset)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  Descriptor *descriptor = get_descriptor (fd);
  const Inode *inode = descriptor->inode;
  gsize n = MIN (size, inode->size);

  if (is_faulty ())
    return -1;
  g_assert_cmpint (offset, ==, 0);
  if (n > 0)
    memcpy (buffer, inode->content, n);
  for (gsize i = 0; i < n; i++)
    descriptor->read_something |= inode->content[i] != '\0';
  return n;
}

static ssize_t
disk_pwrite (int         fd,
             const void *buffer,
             size_t      size,
             off_t       offset)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  Descriptor *descriptor = get_descriptor (fd);

  g_assert_true (descriptor->writable);
  g_assert_true (descriptor->inode->is_ours);
  /* R3: nobody may see the content before the file is locked. */
  g_assert_true (is_locked_by_us (descriptor->inode));
  g_assert_cmpint (offset, ==, 0);
  if (is_faulty ())
    {
      if (conditions.fault != ENOSPC)
        return -1;
      size /= 2;
    }
  g_free (descriptor->inode->content);
  descriptor->inode->content = g_memdup2 (buffer, size);
  descriptor->inode->size = size;
  return size;
}

/* A file that nobody has read from is only asked for to be removed: a creator of Qt's
 * would believe in a lock that it has not got. */
static void
check_question (Descriptor *descriptor,
                int         operation)
{
  if (!descriptor->read_something && descriptor->inode->is_suspect)
    {
      g_assert_true ((operation & LOCK_EX) || descriptor->asked);
      disk.asked_though_empty = TRUE;
    }
  descriptor->asked = TRUE;
}

static int
answer_question (const Descriptor *descriptor,
                 int               operation)
{
  if (kernel_locks_unsupported ())
    return ENOLCK;
  if (descriptor->inode->is_ours)
    return 0;
  if (!descriptor->inode->is_suspect)
    return descriptor->inode->is_busy ? EWOULDBLOCK : 0;
  if (conditions.kernel_answer == EBADF)
    return (operation & LOCK_EX) && !descriptor->writable ? EBADF : 0;
  return conditions.kernel_answer;
}

/* What the protocol makes of an answer. */
static GLockFileKernel
understand (int answer,
            int operation)
{
  switch (answer)
    {
    case 0:
      /* Who wanted more than a shared lock and may not have it knows nothing. */
      return (operation & LOCK_SH) && conditions.operation != OPERATION_QUERY
               ? G_LOCK_FILE_KERNEL_REFUSED
               : G_LOCK_FILE_KERNEL_FREE;
    case EWOULDBLOCK:
    case EACCES:
      return G_LOCK_FILE_KERNEL_BUSY;
    case ENOLCK:
      return G_LOCK_FILE_KERNEL_UNSUPPORTED;
    default:
      return G_LOCK_FILE_KERNEL_REFUSED;
    }
}

static int
disk_flock (int fd,
            int operation)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  Descriptor *descriptor = get_descriptor (fd);
  int answer;

  if (operation == LOCK_UN)
    {
      g_assert_false (descriptor->inode->is_ours); /* R14 */
      descriptor->locked = FALSE;
      return 0;
    }

  g_assert_cmpint (operation & LOCK_NB, !=, 0);
  check_question (descriptor, operation);
  if (is_faulty ())
    return -1;
  answer = answer_question (descriptor, operation);
  if (descriptor->inode->is_suspect)
    disk.kernel = understand (answer, operation);
  if (answer != 0)
    return fail (answer);
  descriptor->locked = TRUE;
  return 0;
}

static int
disk_link_fd (int         fd,
              const char *path)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  Inode *inode = get_descriptor (fd)->inode;

  g_assert_true (inode->is_ours);
  g_assert_null (inode->path);
  g_assert_cmpuint (inode->size, >, 0);
  if (is_faulty ())
    return -1;
  if (find_inode (path) != NULL)
    return fail (EEXIST);
  inode->path = g_intern_string (path);
  return 0;
}

/* R5: under P.rmlock, and with the kernel lock of what is removed. */
static void
check_removal (const Inode *inode)
{
  g_autofree char *removal_path = g_strconcat (inode->path, ".rmlock", NULL);
  const Inode *removal = find_inode (removal_path);

  g_assert_true (is_locked_by_us (inode));
  if (removal != NULL && removal->is_ours)
    {
      g_assert_true (is_locked_by_us (removal));
    }
  else
    {
      /* Where that name cannot be, it is left out. */
      g_assert_true (was_faulty () && conditions.fault == ENAMETOOLONG);
      g_assert_false (kernel_locks_unsupported ());
    }
}

static int
disk_unlink (int         directory,
             const char *path)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  Inode *inode = find_inode (path);

  g_assert_nonnull (inode);
  if (!inode->is_ours)
    check_removal (inode);
  if (is_faulty ())
    return -1;
  if (inode->is_suspect)
    disk.removed = TRUE;
  inode->path = NULL;
  return 0;
}

static void
fill_status (const Inode *inode,
             struct stat *status)
{
  *status = (struct stat) {
    .st_dev = disk.device,
    .st_ino = inode - disk.inodes + 1,
    .st_mode = S_IFREG | 0644,
    .st_size = inode->size,
    .st_mtim.tv_sec = inode->changed / G_USEC_PER_SEC,
    .st_mtim.tv_nsec = inode->changed % G_USEC_PER_SEC * 1000,
  };
  if (inode->is_suspect && conditions.kind == G_LOCK_FILE_KIND_OTHER)
    status->st_mode = S_IFIFO | 0644;
}

static int
disk_lstat (int          directory,
            const char  *path,
            struct stat *status)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);
  const Inode *inode = find_inode (path);

  if (is_faulty ())
    return -1;
  if (inode == NULL)
    return fail (ENOENT);
  fill_status (inode, status);
  return 0;
}

static int
disk_fstat (int          fd,
            struct stat *status)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);

  if (is_faulty ())
    return -1;
  fill_status (get_descriptor (fd)->inode, status);
  return 0;
}

static int
disk_statfs (const char    *path,
             struct statfs *volume)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);

  if (is_faulty ())
    return -1;
  *volume = (struct statfs) { .f_type = conditions.volume_type };
  return 0;
}

static int
disk_fstatfs (int            fd,
              struct statfs *volume)
{
  return disk_statfs (PATH, volume);
}

static int
disk_futimens (int                   fd,
               const struct timespec times[2])
{
  g_assert_not_reached ();
}

static int
disk_fdatasync (int fd)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);

  g_assert_true (get_descriptor (fd)->inode->is_ours);
  if (is_faulty ())
    return -1;
  return 0;
}

static const GLockFileSystemCalls disk_calls = {
  .open = disk_open,
  .close = disk_close,
  .pread = disk_pread,
  .pwrite = disk_pwrite,
  .flock = disk_flock,
  .link_fd = disk_link_fd,
  .unlink = disk_unlink,
  .lstat = disk_lstat,
  .fstat = disk_fstat,
  .statfs = disk_statfs,
  .fstatfs = disk_fstatfs,
  .futimens = disk_futimens,
  .fdatasync = disk_fdatasync,
};

/* The kind of a volume goes with its device, for the library remembers it. */
static void
make_disk (const GLockFileRecord *record)
{
  disk.device = makedev (2 * G_N_ELEMENTS (volume_types), conditions.volume_type);
  if (conditions.same_device && record->has_device)
    disk.device = makedev (record->device_major, record->device_minor);
  conditions.volume_type = volume_types[(major (disk.device) + minor (disk.device)) %
                                        G_N_ELEMENTS (volume_types)];
  disk.clock_at_boot = FOREIGN_CLOCK;
  if (conditions.volume_type == EXT4_MAGIC)
    disk.clock_at_boot = g_lock_file_process_file_clock () - g_lock_file_process_boot_clock ();
}

static void
clear_disk (void)
{
  for (guint i = 0; i < disk.n_inodes; i++)
    g_free (disk.inodes[i].content);
  memset (&disk, 0, sizeof disk);
}

/* --- The conditions --------------------------------------------------------- */

#define CHOOSE(byte, values) values[(byte) % G_N_ELEMENTS (values)]

static void
read_conditions (const guint8 *bytes)
{
  static const int kernel_answers[] = { 0, EWOULDBLOCK, EACCES, ENOLCK, EIO, EBADF };
  static const guint stale_lock_times[] = { 0, 1, 1000, 3000, 30000, G_MAXUINT };
  /* On both sides of the limits in the rules, and far enough from them for what is
   * done meanwhile. */
  static const gint64 ages[] = { -3600000, 0, 500, 1500, 5000, 20000, 45000, 700000,
                                 G_GINT64_CONSTANT (100000000000) };
  static const gint64 times_seen[] = { 0, 500, 1500, 5000 };
  static const int faults[] = { EIO, EINTR, ESTALE, EACCES, ENOSPC, ENAMETOOLONG, EMFILE, ENOENT };
  static const GLockFileKind kinds[] = {
    G_LOCK_FILE_KIND_REGULAR, G_LOCK_FILE_KIND_REGULAR, G_LOCK_FILE_KIND_REGULAR,
    G_LOCK_FILE_KIND_REGULAR, G_LOCK_FILE_KIND_REGULAR, G_LOCK_FILE_KIND_OTHER,
    G_LOCK_FILE_KIND_UNREADABLE, G_LOCK_FILE_KIND_GONE,
  };

  conditions = (Conditions) {
    .operation = bytes[0] % N_OPERATIONS,
    .removal = bytes[1] % N_REMOVALS,
    .kind = CHOOSE (bytes[2], kinds),
    .kernel_answer = CHOOSE (bytes[3], kernel_answers),
    .volume_type = bytes[4] % G_N_ELEMENTS (volume_types),
    .same_device = bytes[5] & 1,
    .no_candidates = bytes[6] & 1,
    .not_writable = bytes[7] & 1,
    .stale_lock_time = CHOOSE (bytes[8], stale_lock_times),
    .age = CHOOSE (bytes[9], ages),
    .seen_for = CHOOSE (bytes[10], times_seen),
    .fault_at = bytes[13] % 4 == 0 ? bytes[13] / 4 : 0,
    .fault = CHOOSE (bytes[14], faults),
  };
}

static void
replace (GString    *content,
         const char *sample,
         const char *value)
{
  char *found = memmem (content->str, content->len, sample, strlen (sample));

  if (found == NULL)
    return;
  g_string_erase (content, found - content->str, strlen (sample));
  g_string_insert (content, found - content->str, value);
}

/* The file of this machine, or of a process that runs or does not: no seed can know
 * what that is, so it stands for what the vectors have. */
static void
make_local (GString *content,
            guint8   what,
            guint8   process)
{
  static const char * const pids[] = { NULL, "1", "999999999" };
  const char *pid = CHOOSE (process, pids);
  g_autofree char *host_line = NULL, *own_pid = NULL, *pid_namespace = NULL, *started = NULL;
  char hostname[256];
  GLockFileRecord own = { 0 };

  g_lock_file_process_fill_record (&own);
  g_lock_file_process_get_hostname (hostname, sizeof hostname);
  host_line = g_strdup_printf ("\n%s\n", hostname);
  own_pid = g_strdup_printf ("%" G_GINT64_FORMAT, own.pid);
  pid_namespace = g_strdup_printf ("%" G_GUINT64_FORMAT, own.pid_namespace);
  started = g_strdup_printf ("%" G_GUINT64_FORMAT, own.started);

  if (what & 1)
    replace (content, "01234567-89ab-4cde-8f01-23456789abcd", own.boot_id);
  if (what & 2)
    replace (content, "c0ffee00c0ffee00c0ffee00c0ffee00", own.machine_id);
  if (what & 4)
    replace (content, "\nws1\n", host_line);
  if (what & 8)
    replace (content, "4711", pid != NULL ? pid : own_pid);
  if (what & 16)
    replace (content, "gedit", own.app_name);
  if (what & 32)
    replace (content, "4026531836", pid_namespace);
  if (what & 64)
    replace (content, "123456", started);
}

/* --- What is expected -------------------------------------------------------- */

static gboolean
contains_blank (const char *text)
{
  return strchr (text, ' ') != NULL || strchr (text, '\t') != NULL;
}

/* No document may be taken for a lock file, see SECURITY.md. */
static gboolean
is_surely_lock_file (const GLockFileRecord *record,
                     GLockFileMatch         host)
{
  if (record->writer == G_LOCK_FILE_WRITER_PID_ONLY)
    return !contains_blank (record->app_name);
  if (record->writer == G_LOCK_FILE_WRITER_QT_OLD || record->writer == G_LOCK_FILE_WRITER_QT)
    return g_lock_file_record_is_id (record->machine_id) ||
           g_lock_file_record_is_id (record->boot_id) ||
           (host == G_LOCK_FILE_MATCH_SAME && record->hostname[0] != '\0');
  return TRUE;
}

/* The same evidence at the beginning and at the end: whether it ended in between
 * that somebody may be letting go, only the clock knows. */
typedef struct
{
  GLockFileEvidence first;
  GLockFileEvidence last;
} Evidence;

static void
gather_evidence (const GLockFileAttempt *attempt,
                 const GLockFileRecord  *record,
                 const Inode            *suspect,
                 Evidence               *evidence)
{
  GLockFileEvidence *e = &evidence->first;
  gint64 now = g_get_monotonic_time ();

  *e = (GLockFileEvidence) {
    .kind = conditions.kind,
    .writer = record->writer,
    .kernel = disk.kernel,
    .volume = conditions.volume_type == EXT4_MAGIC ? G_LOCK_FILE_VOLUME_LOCAL
                                                   : G_LOCK_FILE_VOLUME_SHARED,
    .boot = attempt->boot,
    .host = attempt->host,
    .process = attempt->process,
    .same_device = record->has_device && record->device_major == major (disk.device) &&
                   record->device_minor == minor (disk.device),
    .surely_lock_file = is_surely_lock_file (record, attempt->host),
    .from_before_boot = attempt->clock_known && suspect->changed < disk.clock_at_boot,
    .forced = conditions.operation == OPERATION_REMOVE,
    .stale_lock_time = conditions.stale_lock_time,
    .age = attempt->age,
    .uptime = g_lock_file_process_boot_clock () / 1000,
  };
  if (suspect->size > G_LOCK_FILE_RECORD_MAX && e->kind == G_LOCK_FILE_KIND_REGULAR)
    e->kind = G_LOCK_FILE_KIND_OTHER;
  if (conditions.operation == OPERATION_QUERY)
    e->volume = G_LOCK_FILE_VOLUME_SHARED; /* Nobody asks. */

  evidence->last = *e;
  if (attempt->seen_free_since != 0)
    {
      e->seen_free_for = conditions.seen_for;
      evidence->last.seen_free_for = (now - attempt->seen_free_since) / 1000;
    }
  if (attempt->seen_empty_since != 0)
    {
      e->seen_empty_for = conditions.seen_for;
      evidence->last.seen_empty_for = (now - attempt->seen_empty_since) / 1000;
    }
}

static gboolean
is_as_expected (const GLockFileAttempt  *attempt,
                const GLockFileEvidence *evidence)
{
  GLockFileJudgement expected = rules_judge (evidence);

  if (!g_str_equal (attempt->judgement.rule, expected.rule))
    return FALSE;
  /* Stale, but P.rmlock is not to be had. */
  if (attempt->held == G_LOCK_FILE_HELD_REMOVAL)
    return expected.verdict == G_LOCK_FILE_VERDICT_STALE;
  return attempt->judgement.verdict == expected.verdict;
}

static void
check_judgement (const GLockFileAttempt *attempt,
                 const Evidence         *evidence)
{
  g_autofree char *evidence_text = NULL, *expected_text = NULL;
  GLockFileJudgement expected;

  if (is_as_expected (attempt, &evidence->first) || is_as_expected (attempt, &evidence->last))
    return;
  expected = rules_judge (&evidence->first);
  evidence_text = rules_evidence_to_string (&evidence->first);
  expected_text = rules_judgement_to_string (&expected);
  g_error ("%s: expected %s, got %u by %s", evidence_text, expected_text,
           attempt->judgement.verdict, attempt->judgement.rule);
}

static void
check_questions (const Evidence *evidence)
{
  GLockFileEvidence before = evidence->last;

  before.kernel = G_LOCK_FILE_KERNEL_NOT_ASKED;
  if (before.kind != G_LOCK_FILE_KIND_REGULAR || before.writer == G_LOCK_FILE_WRITER_FOREIGN)
    g_assert_cmpuint (disk.kernel, ==, G_LOCK_FILE_KERNEL_NOT_ASKED);
  else if (before.writer != G_LOCK_FILE_WRITER_EMPTY)
    g_assert_cmpuint (disk.kernel, !=, G_LOCK_FILE_KERNEL_NOT_ASKED);
  else if (disk.asked_though_empty && rules_judge (&before).verdict != G_LOCK_FILE_VERDICT_STALE)
    {
      g_autofree char *text = rules_evidence_to_string (&before);

      g_error ("%s: the kernel was asked", text);
    }
}

/* Files are stamped with a clock that stands still in between. Milliseconds. */
#define CLOCK_TICK 20

static void
check_age (const GLockFileAttempt *attempt)
{
  if (!attempt->clock_known)
    g_assert_cmpint (attempt->age, ==, G_LOCK_FILE_AGE_UNKNOWN);
  else if (conditions.age < 0)
    g_assert_cmpint (attempt->age, ==, G_LOCK_FILE_AGE_FUTURE);
  else
    g_assert_cmpint (attempt->age, >=, conditions.age - CLOCK_TICK);
}

/* --- The attempt ------------------------------------------------------------- */

static void
remember (GLockFileAttempt *attempt,
          const Inode      *suspect)
{
  gint64 since = g_get_monotonic_time () - conditions.seen_for * 1000;
  struct stat status;

  if (conditions.seen_for == 0)
    return;
  fill_status (suspect, &status);
  attempt->remembered = (GLockFileId) { status.st_dev, status.st_ino };
  attempt->remembered_changed = suspect->changed;
  attempt->seen_free_since = since;
  attempt->seen_empty_since = since;
}

static GLockFileOutcome
run (GLockFileAttempt *attempt)
{
  GLockFileOutcome outcome;
  guint n = 0;

  do
    {
      g_assert_cmpuint (n++, <, 8);
      if (conditions.operation == OPERATION_LOCK)
        outcome = g_lock_file_attempt_lock (attempt);
      else if (conditions.operation == OPERATION_REMOVE)
        outcome = g_lock_file_attempt_remove (attempt);
      else
        outcome = g_lock_file_attempt_query (attempt);
    }
  while (outcome == G_LOCK_FILE_OUTCOME_RETRY);
  return outcome;
}

static void
check_outcome (const GLockFileAttempt *attempt,
               GLockFileOutcome        outcome,
               const GLockFileRecord  *record,
               const Inode            *suspect)
{
  Evidence evidence;

  if (conditions.kind == G_LOCK_FILE_KIND_GONE)
    {
      g_assert_cmpuint (outcome, ==, conditions.operation == OPERATION_LOCK
                                       ? G_LOCK_FILE_OUTCOME_GOT
                                       : G_LOCK_FILE_OUTCOME_ERROR);
      return;
    }

  gather_evidence (attempt, record, suspect, &evidence);
  check_age (attempt);
  check_judgement (attempt, &evidence);
  check_questions (&evidence);
  if (disk.removed)
    g_assert_cmpuint (rules_judge (&evidence.last).verdict, ==, G_LOCK_FILE_VERDICT_STALE);
  if (conditions.operation == OPERATION_QUERY)
    g_assert_false (disk.removed);
  else if (conditions.removal == REMOVAL_FREE)
    g_assert_true (disk.removed ==
                   (attempt->judgement.verdict == G_LOCK_FILE_VERDICT_STALE));
}

static gboolean
has_open_descriptors (void)
{
  g_autoptr (GRecMutexLocker) locker G_GNUC_UNUSED = g_rec_mutex_locker_new (&disk_mutex);

  for (guint i = 0; i < G_N_ELEMENTS (disk.descriptors); i++)
    {
      if (disk.descriptors[i].inode != NULL)
        return TRUE;
    }
  return FALSE;
}

/* Everything at once, but for the file of a release beside somebody's P.rmlock, which
 * only comes with a fault here. */
static void
await_closed (void)
{
  gint64 limit = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  while (was_faulty () && has_open_descriptors () && g_get_monotonic_time () < limit)
    g_usleep (G_TIME_SPAN_MILLISECOND);
  g_assert_false (has_open_descriptors ());
}

static void
play (const char *content,
      gsize       size)
{
  g_autoptr (GLockFileRecord) record = g_lock_file_record_parse (content, size);
  GLockFileNames names;
  GLockFileAttempt attempt;
  GLockFileOutcome outcome;
  Inode *suspect, *removal = NULL;

  make_disk (record);
  suspect = add_inode (conditions.kind != G_LOCK_FILE_KIND_GONE ? PATH : NULL, content, size);
  suspect->is_suspect = TRUE;
  suspect->changed = disk_now () - conditions.age * 1000;
  if (conditions.removal != REMOVAL_FREE)
    {
      removal = add_inode (REMOVAL_PATH, content, size);
      removal->is_busy = conditions.removal == REMOVAL_BUSY;
      removal->changed = suspect->changed;
    }

  g_lock_file_names_init (&names, PATH);
  g_lock_file_attempt_init (&attempt, &names, conditions.stale_lock_time);
  remember (&attempt, suspect);
  outcome = run (&attempt);
  if (!was_faulty ())
    check_outcome (&attempt, outcome, record, suspect);
  g_lock_file_attempt_clear (&attempt);
  g_lock_file_names_clear (&names);

  await_closed ();
  g_assert_true (was_faulty () || find_inode (REMOVAL_PATH) == NULL ||
                 find_inode (REMOVAL_PATH) == removal);
  clear_disk ();
}

const gsize target_conditions_size = N_CONDITIONS;

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GString) content = NULL;

  if (size < N_CONDITIONS)
    return 0;
  size -= N_CONDITIONS;
  g_lock_file_system_calls = disk_calls;

  read_conditions (data + size);
  content = g_string_new_len ((const char *) data, size);
  make_local (content, data[size + 11], data[size + 12]);
  play (content->str, content->len);
  return 0;
}
