# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

# Files whose names may have any character.
_glockfile_files () {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_glockfile_words () {
  mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
  # The value follows at once.
  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

# The command that `run` is to run, from word $1 on.
_glockfile_command () {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif [ "$COMP_CWORD" -eq "$1" ]; then
    mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
  else
    _glockfile_files "${COMP_WORDS[COMP_CWORD]}"
  fi
}

_glockfile () {
  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-} options i
  COMPREPLY=()

  if [ "$COMP_CWORD" -eq 1 ]; then
    _glockfile_words "$current" 'run info remove --help --version'
    return
  fi

  options='--help --version'
  case $command in
    run) options+=' --timeout= --stale-lock-time= --conflict-exit-code=' ;;
    info) options+=' --json' ;;
    remove) ;;
    *) return ;;
  esac

  # The first word that is no option is the lock file. What follows an equals sign is a
  # word of its own here, as is the sign.
  for (( i = 2; i < COMP_CWORD; i++ )); do
    case ${COMP_WORDS[i]} in
      --timeout | --stale-lock-time | --conflict-exit-code)
        i=$((i + 1))
        [ "${COMP_WORDS[i]-}" != = ] || i=$((i + 1))
        ;;
      --)
        i=$((i + 1))
        break
        ;;
      -*) ;;
      *) break ;;
    esac
  done

  if [ "$i" -gt "$COMP_CWORD" ]; then
    return # a number
  elif [ "$i" -eq "$COMP_CWORD" ]; then
    # Also the number itself, after the equals sign or without one.
    case ${COMP_WORDS[i - 1]} in
      = | --timeout | --stale-lock-time | --conflict-exit-code) return ;;
    esac
    if [[ $current == -* && ${COMP_WORDS[i - 1]} != -- ]]; then
      _glockfile_words "$current" "$options"
    else
      _glockfile_files "$current"
    fi
  elif [ "$command" = run ]; then
    i=$((i + 1))
    if [ "${COMP_WORDS[i]}" = -- ] && [ "$i" -lt "$COMP_CWORD" ]; then
      i=$((i + 1))
    fi
    _glockfile_command "$i"
  elif [[ $current == -* ]]; then
    _glockfile_words "$current" "$options"
  fi
}

complete -F _glockfile glockfile
