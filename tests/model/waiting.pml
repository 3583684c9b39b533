/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Waiting and wake-up (R9, R10), as glockfile-waiter.c and glockfile-watch.c do it, with
 * the safety look (R11) switched off: a wake-up that is lost leaves a process asleep for
 * ever, which Spin reports as an invalid end state.
 *
 * Process 0 holds the lock when the model begins, the others want it, and each of them
 * lets go or is killed. Removing a stale file is shortened: P.rmlock is left out, for who
 * is in its way looks again by the clock and does not sleep.
 *
 * The kernel tells of an unlink a moment before the name is gone, of a writable
 * descriptor's close a moment before the kernel lock is free, and of a process' end when
 * its locks are free.
 */

#define LEVELS 1
#define NO_RMLOCK
#define WATCHES
#ifndef GLOCKS
#define GLOCKS 3
#endif
#ifndef HINTS
#define HINTS 2                 /* looks after an event; four of them in the code */
#endif
#ifdef SEED_NO_SECOND_LOOK
#undef HINTS
#define HINTS 0
#endif

#include "system.inc"

inline take_the_lock ()
{
  create (0);
  flock_own (0);
  writer[MINE] = me + 1;
  live_by_own ();
  begin_to_hold ()
}

proctype Waiter (byte me)
{
  byte lv = 0;
  byte c = 0;                   /* who is recorded in the file that was seen, plus 1 */
  byte seen = 0;                /* which file that was */
  byte known = 0;               /* the same, for the last watch */
  byte known_by = 0;
  byte hints = 0;
  bit watching = 0;
  bit file_watched = 0;
  bit process_watched = 0;
  bit last = 0;

  atomic
    {
      if
      :: me == 0 -> goto release
      :: me != 0
      fi
    }

look:
  if
  :: atomic
       {
         at[0] == 0 ->
         d_step
           {
             take_the_lock ();
             watched[me] = 0;
             pidfd[me] = 0;
             event[me] = 0;
             c = 0; seen = 0; known = 0; known_by = 0; hints = 0;
             watching = 0; file_watched = 0; process_watched = 0
           }
         goto release
       }
  :: atomic { at[0] != 0 -> skip }
  CRASH
  fi;
  if
  :: atomic { at[0] != 0 -> d_step { SEEN = at[0]; uses[SEEN]++ } }
  :: atomic { at[0] == 0 -> goto look }
  CRASH
  fi;
  if
  :: atomic { c = writer[SEEN]; seen = SEEN }
  CRASH
  fi;
  if
  :: atomic { locker[SEEN] == 0 -> locker[SEEN] = SIGHT (0) + 1 }
  :: atomic { locker[SEEN] != 0 -> d_step { close_fd (SIGHT (0)) } goto held }
  CRASH
  fi;

  /* J3, R5 */
  if
  :: atomic { at[0] == SEEN -> skip }
  :: atomic { at[0] != SEEN -> goto drop }
  CRASH
  fi;
  if
  :: atomic { d_step { tell (SEEN) } }
  CRASH
  fi;
  if
  :: atomic { d_step { unlink_name (0) } }
  CRASH
  fi;
drop:
  if
  :: atomic { d_step { c = 0; seen = 0; close_fd (SIGHT (0)) } goto look }
  CRASH
  fi;

held:
  atomic
    {
      if
#ifdef SEED_EARLIER_PIDFD
      :: watching
#else
      :: watching && known == seen && known_by == c
#endif
      :: else -> goto watch
      fi;
      seen = 0;
      c = 0;
      if
      :: hints > 0 -> hints--; goto pause
      :: hints == 0 && !(file_watched && process_watched) -> goto pause
      :: else
      fi
    }

sleep:
  /* It has nothing open that concerns others, so here it is not killed: that would look
   * like a wake-up. */
  if
  :: atomic { event[me] -> goto woken }
  :: atomic { pidfd[me] != 0 && dead[pidfd[me] - 1] -> goto woken }
  fi;

pause:
  /* Until some time has passed, or something has happened. */
  if
  :: atomic { event[me] -> goto woken }
  :: atomic { pidfd[me] != 0 && dead[pidfd[me] - 1] -> goto woken }
  :: atomic { true -> goto look }
  CRASH
  fi;

woken:
  atomic
    {
      d_step
        {
          event[me] = 0;
          hints = HINTS;
          if
          :: watched[me] == 0 || (pidfd[me] != 0 && dead[pidfd[me] - 1]) ->
             watching = 0;
             watched[me] = 0;
             pidfd[me] = 0;
             file_watched = 0;
             process_watched = 0;
             known = 0;
             known_by = 0
          :: else
          fi
        }
      goto look
    }

watch:
  /* Whichever file is at the path now. What is told of another is not read. */
  if
  :: atomic
       {
         d_step
           {
             watching = 1;
             hints = 0;
             known = seen;
             known_by = c;
             if
             :: watched[me] != at[0] -> event[me] = 0
             :: else
             fi;
             watched[me] = at[0];
             file_watched = (at[0] != 0);
             pidfd[me] = 0;
             process_watched = 0;
             seen = 0
           }
       }
  CRASH
  fi;
  /* A pidfd of the process that was recorded, if it is still there. */
  if
  :: atomic { c != 0 && !dead[c - 1] -> skip }
  :: atomic { c == 0 || dead[c - 1] -> goto watching_no_process }
  CRASH
  fi;
  if
  :: atomic
       {
#ifndef SEED_NO_PIDFD
         pidfd[me] = c;
#endif
         process_watched = 1;
         goto watched_both
       }
  CRASH
  fi;
watching_no_process:
#ifdef SEED_SLEEPS_ON_THE_DEAD
  process_watched = 1;
#endif
watched_both:
  atomic
    {
      c = 0;
#ifdef SEED_NO_LOOK_BEHIND_WATCH
      goto sleep
#else
      goto look
#endif
    }

release:
  if
  :: atomic { d_step { tell (MINE) } }
  CRASH
  fi;
  if
  :: atomic { d_step { holders--; present--; unlink_name (0) } }
  CRASH
  fi;
close_own:
  if
  :: atomic { d_step { tell (MINE) } }
  CRASH
  fi;
  if
  :: atomic { d_step { close_fd (OWN (0)) } }
  CRASH
  fi;
  /* A process that has let go may live on. */
  if
  :: goto over
  :: goto end_of_work
  fi;

dying:
  atomic
    {
      d_step
        {
          if
          :: lives[MINE] == me + 1 -> holders--; present--
          :: else
          fi;
          stop_living ();
          watched[me] = 0;
          pidfd[me] = 0;
          event[me] = 0;
          c = 0; seen = 0; known = 0; known_by = 0; hints = 0;
          watching = 0; file_watched = 0; process_watched = 0
        }
    }
  atomic { d_step { if :: MINE != 0 -> tell (MINE) :: else fi } }
  atomic { d_step { close_fd (OWN (0)) } }
  atomic { d_step { close_fd (SIGHT (0)) } }

over:
  dead[me] = 1;

end_of_work:
  skip
}

init
{
  byte me = 0;
  byte lv = 0;

  atomic
    {
      dead[DEAD_GLOCK] = 1;
      dead[DEAD_QT] = 1;
      take_the_lock ();
      for (y : 0 .. GLOCKS - 1) { run Waiter (y) }
    }
}
