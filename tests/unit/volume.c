/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "lockfile/glockfile-volume.h"
#include "testutils.h"

#include <errno.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Which file systems only this kernel changes, by what statfs() calls them. */

#define EXT4 0xef53
#define FUSE 0x65735546

static const struct
{
  const char *name;
  guint32 type;
  GLockFileVolume volume;
} file_systems[] = {
  { "ext2-ext3-ext4", EXT4, G_LOCK_FILE_VOLUME_LOCAL },
  { "xfs", 0x58465342, G_LOCK_FILE_VOLUME_LOCAL },
  { "btrfs", 0x9123683e, G_LOCK_FILE_VOLUME_LOCAL },
  { "f2fs", 0xf2f52010, G_LOCK_FILE_VOLUME_LOCAL },
  { "tmpfs", 0x01021994, G_LOCK_FILE_VOLUME_LOCAL },
  { "overlayfs", 0x794c7630, G_LOCK_FILE_VOLUME_LOCAL },
  { "zfs", 0x2fc12fc1, G_LOCK_FILE_VOLUME_LOCAL },
  { "vfat", 0x4d44, G_LOCK_FILE_VOLUME_LOCAL },
  { "exfat", 0x2011bab0, G_LOCK_FILE_VOLUME_LOCAL },

  { "nfs", 0x6969, G_LOCK_FILE_VOLUME_SHARED },
  { "cifs", 0xff534d42, G_LOCK_FILE_VOLUME_SHARED },
  { "smb2", 0xfe534d42, G_LOCK_FILE_VOLUME_SHARED },
  { "smb", 0x517b, G_LOCK_FILE_VOLUME_SHARED },
  { "fuse-virtiofs", FUSE, G_LOCK_FILE_VOLUME_SHARED },
  { "9p", 0x01021997, G_LOCK_FILE_VOLUME_SHARED },
  { "ceph", 0x00c36400, G_LOCK_FILE_VOLUME_SHARED },
  { "afs", 0x5346414f, G_LOCK_FILE_VOLUME_SHARED },
  { "kafs", 0x6b414653, G_LOCK_FILE_VOLUME_SHARED },
  { "coda", 0x73757245, G_LOCK_FILE_VOLUME_SHARED },
  { "gfs2", 0x01161970, G_LOCK_FILE_VOLUME_SHARED },
  { "ocfs2", 0x7461636f, G_LOCK_FILE_VOLUME_SHARED },
  { "lustre", 0x0bd00bd0, G_LOCK_FILE_VOLUME_SHARED },
  { "gpfs", 0x47504653, G_LOCK_FILE_VOLUME_SHARED },
  { "none", 0, G_LOCK_FILE_VOLUME_SHARED },
  { "unknown", 0x12345678, G_LOCK_FILE_VOLUME_SHARED },
  { "all-bits", 0xffffffff, G_LOCK_FILE_VOLUME_SHARED },
};

static void
test_classify (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);

  g_assert_cmpuint (g_lock_file_volume_classify (file_systems[i].type), ==,
                    file_systems[i].volume);
}

/* R19, by where the portal is mounted. */
static void
test_document_portal (void)
{
  g_autofree char *doc = g_build_filename (g_get_user_runtime_dir (), "doc", NULL);
  g_autofree char *document = g_build_filename (doc, "1a2b3c4d", NULL);
  g_autofree char *docs = g_strconcat (doc, "s", NULL);
  g_autofree char *usual = g_strdup_printf ("/run/user/%u/doc/1a2b3c4d", getuid ());
  const char *inside[] = { doc, document, usual, "/run/flatpak/doc/1a2b3c4d" };
  const char *outside[] = { docs, g_get_user_runtime_dir (), "/run/flatpak/documents", "/", "/doc",
                            "doc" };

  for (gsize i = 0; i < G_N_ELEMENTS (inside); i++)
    {
      g_test_message ("%s", inside[i]);
      g_assert_true (g_lock_file_volume_is_document_portal (FUSE, inside[i]));
      g_assert_false (g_lock_file_volume_is_document_portal (EXT4, inside[i]));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (outside); i++)
    {
      g_test_message ("%s", outside[i]);
      g_assert_false (g_lock_file_volume_is_document_portal (FUSE, outside[i]));
    }
}

/* R19, by the attribute that the portal gives its folders wherever it is mounted. */
static void
test_document_portal_attribute (TestFolder    *folder,
                                gconstpointer  data)
{
  g_assert_false (g_lock_file_volume_is_document_portal (FUSE, folder->path));

  if (setxattr (folder->path, "user.document-portal.host-path", "/home/alice", 11, 0) != 0)
    {
      g_assert_cmpint (errno, ==, EOPNOTSUPP);
      g_test_skip ("The temporary folder takes no extended attributes");
      return;
    }
  g_assert_true (g_lock_file_volume_is_document_portal (FUSE, folder->path));
  g_assert_false (g_lock_file_volume_is_document_portal (EXT4, folder->path));
}

int
main (int    argc,
      char **argv)
{
  /* Another than the usual one, which is known besides. */
  g_setenv ("XDG_RUNTIME_DIR", "/run/runtime-dir-of-a-test", TRUE);
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (file_systems); i++)
    {
      g_autofree char *path = g_strconcat ("/volume/classify/", file_systems[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_classify);
    }
  g_test_add_func ("/volume/document-portal", test_document_portal);
  g_test_add ("/volume/document-portal/attribute", TestFolder, NULL, test_folder_set_up,
              test_document_portal_attribute, test_folder_tear_down);

  return g_test_run ();
}
