# shellcheck shell=sh
# Lists what is below a directory before a build changes it.
#
# directory  the directory
# work    the workspace
# "$@"    paths that are left out with all that is below them, as `./NAME`
: "${directory:?}" "${work:?}"

cd "$directory" || exit 1
for path; do
    shift
    set -- "$@" -path "$path" -prune -o
done
find . "$@" \( -type d -o -type f -o -type l \) -print | LC_ALL=C sort >"$work/before"
touch -t 197001020000 "$work/old"
: >"$work/stamp"
