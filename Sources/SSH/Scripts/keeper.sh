# shellcheck shell=sh
# Makes a workspace, prints `ready UID`, and removes the workspace with all that runs in it when standard input ends or
# no heartbeat arrives for too long. First it removes workspaces whose keepers no longer exist.
#
# Needs sweep.sh and free.sh.
# base     the directory of all workspaces
# work     the workspace
# mark     in the environment of every process of the workspace
# reserve  KiB that must be free
# pause    seconds between two looks at the heartbeat
# "$@"     directories that belong to this workspace alone: emptied first, removed at the end
: "${base:?}" "${work:?}" "${mark:?}" "${reserve:?}" "${pause:?}"

trap '' HUP PIPE TERM
umask 022
# The number alone may be another process's after a reboot.
# shellcheck disable=SC2005
started() { echo "$(ps -o lstart= -p "$1" 2>/dev/null)" | sed 's/  */ /g; s/^ //; s/ $//'; }
fail() {
    echo "ciso: $1" >&2
    rm -rf "$work"
    exit 1
}
clean() {
    rm -f "$work/keeper"
    sweep
    chmod -R u+rwx "$work" "$@" 2>/dev/null
    rm -rf "$@" "$work" 2>/dev/null
}
mkdir -p "$base" 2>/dev/null || fail "$base: cannot be made"
for old in "$base"/ciso.*; do
    [ -f "$old/keeper" ] || continue
    {
        read -r keeper
        read -r began
    } <"$old/keeper"
    kill -0 "$keeper" 2>/dev/null && [ "$(started "$keeper")" = "$began" ] && continue
    chmod -R u+rwx "$old" 2>/dev/null
    rm -rf "$old"
done
[ "$(free "$base")" -ge "$reserve" ] || rm -rf "$base/layers"
[ "$(free "$base")" -ge "$reserve" ] || fail "$base: $(free "$base") KiB free, $reserve are needed"
{ mkdir "$work" && mkdir "$work/inputs"; } 2>/dev/null || fail "$base: cannot be written"
{ echo $$ && started $$; } >"$work/keeper" || fail "$base: cannot be written"
command -v tar >/dev/null || fail 'tar: not found'
for claim; do echo "$claim" >>"$work/claims"; done
for claim; do
    grep -l -x -F "$claim" "$base"/ciso.*/claims 2>/dev/null | grep -v -F "$work/" | grep -q . &&
        fail "$claim: another job has it"
done
for claim; do
    chmod -R u+rwx "$claim" 2>/dev/null
    rm -rf "$claim" 2>/dev/null
    mkdir -p "$claim" 2>/dev/null || fail "$claim: cannot be made"
done
echo start >"$work/beat"
echo "ready $(id -u)"
keeper=$$
{
    last='' missed=0
    while sleep "$pause"; do
        beat=
        read -r beat <"$work/beat"
        if [ "$beat" = "$last" ]; then missed=$((missed + 1)); else missed=0 last=$beat; fi
        [ $missed -lt 5 ] && continue
        clean "$@"
        kill -KILL $keeper
        exit
    done
} </dev/null >/dev/null 2>&1 &
watcher=$!
while read -r beat; do echo "$beat" >"$work/beat"; done
kill -KILL $watcher 2>/dev/null
clean "$@"
exit 0
