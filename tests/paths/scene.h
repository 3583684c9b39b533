/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "testutils.h"

G_BEGIN_DECLS

/* A user who owns nothing and has no rights of his own. */
#define SCENE_NOBODY "--uid=65534"

/* Gives the process mounts of its own, so that nothing is left of what a test
 * mounts, however it ends. To be called before anything makes a thread.
 */
void        scene_init               (void);

/* Whether root's rights, resp. mounts are there; else the test is skipped. */
gboolean    scene_is_privileged      (void);
gboolean    scene_can_mount          (void);

void        scene_mount              (const char         *source,
                                      const char         *target,
                                      const char         *type,
                                      const char         *options);
void        scene_unmount            (const char         *target);
/* Makes a file system of this type in a file beside @target, with the program
 * mkfs.TYPE, and mounts it. FALSE, and the test is skipped, if this system
 * cannot.
 */
gboolean    scene_mount_image        (const char         *target,
                                      const char         *type,
                                      guint               megabytes,
                                      const char         *mkfs_option);
/* Runs a program; FALSE if it is missing or fails. */
gboolean    scene_run                (const char         *program,
                                      ...) G_GNUC_NULL_TERMINATED;
/* Writes until no byte more fits. */
void        scene_fill               (const char         *file_name);

/* Runs @function in a child, which may change its namespaces, and fails if it
 * fails. A child that lacks something skips the test with scene_child_skip().
 */
void        scene_run_in_child       (void              (*function) (gconstpointer data),
                                      gconstpointer       data);
void        scene_child_skip         (const char         *reason) G_GNUC_NORETURN;

/* Everything there is to know about what lies in a folder, as text, without
 * touching any of it; save the times of access, which say who looked.
 */
char       *scene_describe           (const char         *folder);

#define scene_assert_unchanged(folder, before) \
  G_STMT_START { \
    g_autofree char *after_ = scene_describe (folder); \
    g_assert_cmpstr (after_, ==, before); \
  } G_STMT_END

/* What the helper answers to a command, taken apart. */
typedef enum
{
  SCENE_OK = -1,
  SCENE_FAILED = G_LOCK_FILE_ERROR_FAILED,
  SCENE_LOCKED = G_LOCK_FILE_ERROR_LOCKED,
  SCENE_PERMISSION_DENIED = G_LOCK_FILE_ERROR_PERMISSION_DENIED,
  SCENE_NO_SPACE = G_LOCK_FILE_ERROR_NO_SPACE,
  SCENE_NOT_FOUND = G_LOCK_FILE_ERROR_NOT_FOUND,
  SCENE_INVALID_DATA = G_LOCK_FILE_ERROR_INVALID_DATA,
} SceneResult;

/* Fails unless the helper answers @command with @expected, with an error of
 * our domain if it is one. The answer is for a closer look.
 */
char       *scene_ask                (TestHelper         *helper,
                                      const char         *command,
                                      SceneResult         expected);
void        scene_check              (TestHelper         *helper,
                                      const char         *command,
                                      SceneResult         expected);
void        scene_check_holder       (TestHelper         *helper,
                                      const char         *command,
                                      pid_t               pid,
                                      const char         *state);
/* Waits for the answer to a command that has been sent. */
void        scene_await_ok           (TestHelper         *helper);

/* The options of one helper, at most four; unused ones are NULL. */
typedef const char *SceneOptions[4];

TestHelper *scene_start              (const char         *lock_file,
                                      const SceneOptions  options);

/* What two processes on one path promise each other, on any volume. @lock_file
 * must not exist, and nothing else be in its folder, before and after.
 */
void        scene_play_pair          (const char         *lock_file,
                                      const SceneOptions  first,
                                      const SceneOptions  second);

/* Leaves the lock file of a process that was killed. */
pid_t       scene_leave_behind       (const char         *lock_file,
                                      const SceneOptions  options);

G_END_DECLS
