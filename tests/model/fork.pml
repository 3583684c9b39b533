/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* fork() while a lock is held or a leftover is being judged (R14, R15), as
 * glockfile-descriptors.c, -release.c and -disk.c deal with it.
 *
 * A kernel lock belongs to an open file, which a child shares with its parent. The
 * parent either holds P, or judges the leftover that stands there and gives it up (R7).
 * One of its threads forks at any moment between two system calls. The child closes what
 * it inherited (pthread_atfork), and lives on. It may also be made by other means, which
 * run no such handlers, and keep what is open until it runs another program; then only
 * a judge's file must not stay busy, if the judge is not killed meanwhile.
 *
 * The contender looks again and again. When nobody goes on but it, P must be to be had.
 */

#define PARENT 1                /* the open file of each, plus 1; 0: none */
#define CONTENDER 2

byte at;                        /* the inode at P; 0: none */
byte opened[3];                 /* the inode of each open file */
byte uses[3];                   /* in how many processes it is open */
byte locker[4];                 /* by inode: the open file that has its kernel lock */
bit live[4];                    /* by inode: its process believes that it holds P */
bit child_has;
bit parent_killed, parent_done, child_quiet, forked, without_handlers;

inline close_once (file)
{
  uses[file]--;
  if
  :: uses[file] == 0 ->
     if
     :: locker[opened[file]] == file -> locker[opened[file]] = 0
     :: else
     fi;
     opened[file] = 0
  :: else
  fi
}

inline remove_name ()
{
  assert (!live[at]);
  at = 0
}

#define KILLED :: atomic { parent_killed = 1; goto killed }

proctype Parent ()
{
  bit locked = 0;

  if
  :: goto hold
  :: goto judge
  fi;

hold:
  if
  :: d_step { at == 0 -> at = 2; opened[PARENT] = 2; uses[PARENT] = 1; locker[2] = PARENT; live[2] = 1 }
  :: atomic { at != 0 -> goto done }
  fi;
  if
  :: atomic { at == 2 -> live[2] = 0; remove_name () }
  KILLED
  fi;
#ifdef SEED_UNLOCK_HOLDER
  if
  :: locker[2] = 0
  KILLED
  fi;
#endif
  goto close;

judge:
  if
  :: d_step { at == 1 -> opened[PARENT] = 1; uses[PARENT] = 1 }
  :: atomic { at != 1 -> goto done }
  fi;
  if
  :: atomic { locker[1] == 0 -> locker[1] = PARENT; locked = 1 }
  :: atomic { locker[1] != 0 -> goto close }
  KILLED
  fi;
  if
  :: skip /* It may not remove the file, or has no time left. */
  KILLED
  fi;
#ifndef SEED_JUDGE_ONLY_CLOSES
  if
  :: atomic { locked -> locker[1] = 0 }
  KILLED
  fi;
#endif
close:
  if
  :: d_step { close_once (PARENT) }
  KILLED
  fi;
  goto done;

killed:
  atomic
    {
      live[2] = 0;
      if
      :: uses[PARENT] > 0 -> d_step { close_once (PARENT) }
      :: else
      fi
    }
done:
  parent_done = 1
}

proctype Child ()
{
  if
  :: d_step
       {
         !parent_killed && !parent_done && uses[PARENT] == 1 ->
         uses[PARENT]++;
         child_has = 1;
         forked = 1
       }
  :: atomic { child_quiet = 1; goto end }
  fi;

#ifdef SEED_UNLOCK_HOLDER
  /* It frees the object that it has a copy of. */
  atomic
    {
      if
      :: locker[opened[PARENT]] == PARENT -> locker[opened[PARENT]] = 0
      :: else
      fi
    }
#endif
#ifndef SEED_CHILD_KEEPS
  if
  :: d_step { close_once (PARENT); child_has = 0 }
  :: atomic { without_handlers = 1 }
  fi;
#endif
  child_quiet = 1;
end:
  skip
}

/* Nobody else will change anything, and it is not one of the cases that are left. */
#define ALONE (parent_done && child_quiet)
#define LEFT (without_handlers && (parent_killed || opened[PARENT] == 2))

proctype Contender ()
{
again:
  if
  :: atomic { at == 0 -> at = 3; locker[3] = CONTENDER; goto got }
  :: d_step { at != 0 -> opened[CONTENDER] = at; uses[CONTENDER] = 1 }
  fi;
  if
  :: atomic { locker[opened[CONTENDER]] == 0 -> locker[opened[CONTENDER]] = CONTENDER }
  :: atomic
       {
         locker[opened[CONTENDER]] != 0 ->
         assert (!ALONE || LEFT);
         d_step { close_once (CONTENDER) }
         if
         :: ALONE -> goto got
         :: else -> goto again
         fi
       }
  fi;
  if
  :: atomic { at == opened[CONTENDER] -> remove_name () }
  :: at != opened[CONTENDER]
  fi;
  d_step { close_once (CONTENDER) }
  goto again;

got:
  skip
}

init
{
  atomic
    {
      if
      :: at = 1 /* a leftover */
      :: true
      fi;
      run Parent ();
      run Child ();
      run Contender ()
    }
}
