/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-volume.h"

#include <gio/gunixmounts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What a file system can do, by its kind. */

#define FUSE_MAGIC 0x65735546

/* Only this kernel changes files on these. Everything that is not in the list
 * is taken for shared: then nothing relies on events, and open modes and
 * flushing are those that a network needs.
 */
static const guint32 local_file_systems[] = {
  0x0000ef53, /* ext2, ext3, ext4 */
  0x58465342, /* xfs */
  0x9123683e, /* btrfs */
  0x01021994, /* tmpfs */
  0x794c7630, /* overlayfs */
  0xf2f52010, /* f2fs */
  0x2fc12fc1, /* zfs */
  0xca451a4e, /* bcachefs */
  0x858458f6, /* ramfs */
  0x00004d44, /* vfat, msdos */
  0x2011bab0, /* exfat */
  0x7366746e, /* ntfs3 */
  0x5346544e, /* ntfs */
  0x0000482b, /* hfsplus */
  0x00004244, /* hfs */
  0x3153464a, /* jfs */
  0x52654973, /* reiserfs */
  0x00003434, /* nilfs2 */
  0x24051905, /* ubifs */
  0x000072b6, /* jffs2 */
  0x0000f15f, /* ecryptfs */
  0x15013346, /* udf */
  0x00009660, /* isofs */
  0x73717368, /* squashfs */
  0xe0f5e1e2, /* erofs */
};

GLockFileVolume
g_lock_file_volume_classify (guint32 type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (local_file_systems); i++)
    {
      if (type == local_file_systems[i])
        return G_LOCK_FILE_VOLUME_LOCAL;
    }
  return G_LOCK_FILE_VOLUME_SHARED;
}

static gboolean
is_below (const char *path,
          const char *directory)
{
  gsize size = strlen (directory);

  return strncmp (path, directory, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* Whatever the way there is, and wherever it is mounted: below another folder, or by
 * somebody else. */
static gboolean
is_on_portal_mount (const char *directory)
{
  char *real = realpath (directory, NULL);
  GUnixMountEntry *mount = real != NULL ? g_unix_mount_for (real, NULL) : NULL;
  gboolean is_portal = mount != NULL && strcmp (g_unix_mount_get_fs_type (mount), "fuse.portal") == 0;

  g_clear_pointer (&mount, g_unix_mount_free);
  free (real);
  return is_portal;
}

/*
 * g_lock_file_volume_is_document_portal:
 *
 * Whether @directory lies on the document portal, where a new file beside a
 * document gets a random name that no other program sees (R19).
 */
gboolean
g_lock_file_volume_is_document_portal (guint32     type,
                                       const char *directory)
{
  g_autofree char *session = NULL, *user = NULL;

  if (type != FUSE_MAGIC)
    return FALSE;

  /* The usual places tell it soonest. */
  session = g_build_filename (g_get_user_runtime_dir (), "doc", NULL);
  user = g_strdup_printf ("/run/user/%u/doc", (guint) getuid ());
  return is_below (directory, session) || is_below (directory, user) ||
         is_below (directory, "/run/flatpak/doc") ||
         getxattr (directory, "user.document-portal.host-path", NULL, 0) >= 0 ||
         is_on_portal_mount (directory);
}
