# shellcheck shell=sh
# Runs a command as a process of its own and enforces its limits. What the command prints goes to standard output. How it
# ended goes to standard error as a line `ciso: WORD STATUS`; no line is printed when the workspace is gone. When standard
# input ends, the connection is lost, and the command is killed.
#
# Needs sweep.sh, free.sh and a function launch, which executes the command.
# work       the workspace
# mark       in the environment of every process of the workspace
# ending     a file for the word, where the command is killed
# directory     in which the command starts
# reserve    KiB that stay free
# seconds    wall-clock limit
# disk       KiB that may be used below the workspace and "$@"
# files, memory, blocks, processes   limits of each process (KiB, 512-byte blocks); empty: none
: "${work:?}" "${mark:?}" "${ending:?}" "${directory:?}" "${reserve:?}" "${seconds:?}" "${disk:?}"
: "${files?}" "${memory?}" "${blocks?}" "${processes?}"

trap '' HUP PIPE TERM
umask 022
[ -f "$work/keeper" ] || exit 1
set -- "$work" "$@"
stop() {
    [ -f "$ending" ] || echo "$1" >"$ending"
    kill -KILL "$child" 2>/dev/null
    sweep
}
# Letters differ between shells: an unknown one is ignored.
# shellcheck disable=SC3045
bounded() { [ -z "$2" ] || { (ulimit "$1" "$2") 2>/dev/null && ulimit "$1" "$2"; }; }
watch() {
    passed=0
    while sleep 1; do
        passed=$((passed + 1))
        [ "$passed" -lt "$seconds" ] || stop wall
        [ $((passed % 5)) -eq 0 ] || continue
        [ "$(free "$work")" -ge "$reserve" ] || stop full
        used=$(du -sk "$@" 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }')
        [ "${used:-0}" -le "$disk" ] || stop disk
    done
}
exec 3<&0 </dev/null
(
    exec 3<&-
    cd "$directory" || exit 125
    bounded -c 0
    bounded -n "$files"
    bounded -d "$memory"
    bounded -f "$blocks"
    bounded -u "$processes" || bounded -p "$processes"
    launch
) 2>&1 &
child=$!
watch "$@" 3<&- >/dev/null 2>&1 &
watcher=$!
{
    cat <&3
    stop lost
} >/dev/null 2>&1 &
reader=$!
exec 3<&-
wait "$child"
status=$?
kill -KILL "$watcher" 2>/dev/null
sweep
word='exit'
[ $status -eq 0 ] || [ "$(free "$work")" -ge "$reserve" ] || word=full
if [ -f "$ending" ]; then read -r word <"$ending"; fi
[ -f "$work/keeper" ] && echo "ciso: $word $status" >&2
kill -KILL "$reader" 2>/dev/null
exit 0
