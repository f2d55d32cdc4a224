# shellcheck shell=sh
# Defines sweep: kills every process that has CISO_MARK=$mark in its environment, even if it left its parents.
#
# Linux shows environments in /proc, the BSDs and macOS by `ps e`.
: "${mark:?}"

sweep() {
    for _ in 1 2 3 4 5; do
        if [ -r /proc/self/environ ]; then
            found=$(grep -l -F "CISO_MARK=$mark" /proc/[0-9]*/environ 2>/dev/null | sed 's,/proc/,,; s,/environ,,')
        else
            case $(uname) in Darwin) flags=axEww ;; *) flags=axeww ;; esac
            # pgrep does not see environments.
            # shellcheck disable=SC2009
            found=$(ps "$flags" -o pid= -o command= 2>/dev/null | grep "[C]ISO_MARK=$mark" | sed 's/^ *//; s/ .*//')
        fi
        [ -n "$found" ] || return 0
        # One word for each process.
        # shellcheck disable=SC2086
        kill -KILL $found 2>/dev/null
    done
}
