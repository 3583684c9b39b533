# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# The words before the cursor from the lock file on. Fails if it is not at the sub-command
# $argv[1].
function __glockfile_words
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]; or return
    set -e words[1..2]
    while set -q words[1]
        switch $words[1]
            case --timeout --stale-lock-time --conflict-exit-code
                set -e words[1]
            case --
                set -e words[1]
                break
            case '-*'
            case '*'
                break
        end
        set -e words[1]
    end
    string escape -- $words
    true
end

function __glockfile_at_lock_file
    set -l words (__glockfile_words $argv[1]); and not set -q words[1]
end

function __glockfile_at_command
    set -l words (__glockfile_words run); and set -q words[1]
end

function __glockfile_complete_command
    set -l words (__glockfile_words run)[2..-1]
    test "$words[1]" != --; or set -e words[1]
    __fish_complete_subcommand --commandline $words (commandline -ct)
end

complete -c glockfile -f
complete -c glockfile -n __fish_use_subcommand -a run -d 'Run a command while holding a lock'
complete -c glockfile -n __fish_use_subcommand -a info -d 'Tell who holds a lock'
complete -c glockfile -n __fish_use_subcommand -a remove -d 'Remove a lock file that was left behind'
complete -c glockfile -n 'not __glockfile_at_command' -l help -d 'Show help'
complete -c glockfile -n 'not __glockfile_at_command' -l version -d 'Show the version'

complete -c glockfile -n '__glockfile_at_lock_file run' -F
complete -c glockfile -n '__glockfile_at_lock_file run' -x -l timeout -d 'Wait no longer, in seconds'
complete -c glockfile -n '__glockfile_at_lock_file run' -x -l stale-lock-time -d 'Age of a leftover, in seconds'
complete -c glockfile -n '__glockfile_at_lock_file run' -x -l conflict-exit-code -d 'Exit status if not in time'
complete -c glockfile -n __glockfile_at_command -x -a '(__glockfile_complete_command)'

complete -c glockfile -n '__glockfile_at_lock_file info' -F
complete -c glockfile -n '__glockfile_at_lock_file info' -l json -d 'Print a JSON object'
complete -c glockfile -n '__glockfile_at_lock_file remove' -F
