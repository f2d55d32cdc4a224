# shellcheck shell=sh
# Writes a tar of what was added or changed below a directory since note-contents.sh, and of the list of what was removed.
#
# A directory's time says nothing, but its mode may have changed, so directories that lead to changes are included. The
# list is complete, so nothing must be descended into: GNU tar and libarchive's tar have an option for that, elsewhere
# there is POSIX's pax.
#
# directory   the directory
# work     the workspace
# removed  the name of the list in the archive
# "$@"     paths that are left out with all that is below them, as `./NAME`
: "${directory:?}" "${work:?}" "${removed:?}"

cd "$directory" || exit 1
for path; do
    shift
    set -- "$@" -path "$path" -prune -o
done
find . "$@" \( -type d -o -type f -o -type l \) -print | LC_ALL=C sort >"$work/after"
if LC_ALL=C grep -v '^\.' "$work/after" | LC_ALL=C grep -q .; then
    echo 'ciso: the name of an installed file has a line break' >&2
    exit 1
fi
LC_ALL=C comm -23 "$work/before" "$work/after" >"$work/removed"
{
    LC_ALL=C comm -13 "$work/before" "$work/after"
    # Not every find has -cnewer.
    if find . -prune -cnewer "$work/stamp" >/dev/null 2>&1; then
        find . "$@" \( -type f -o -type l \) \( -newer "$work/old" -o -cnewer "$work/stamp" \) -print
    else
        find . "$@" \( -type f -o -type l \) -newer "$work/old" -print
    fi
} | LC_ALL=C awk '{
    print
    while (match($0, "/[^/]*$") && RSTART > 2) { $0 = substr($0, 1, RSTART - 1); print }
}' | LC_ALL=C sort -u | LC_ALL=C grep -v '^\.$' >"$work/changed"
if [ -s "$work/removed" ]; then
    cp "$work/removed" "$removed"
    echo "./$removed" >>"$work/changed"
fi
case $(tar --version 2>/dev/null) in
*GNU*) tar -cf - --no-recursion --no-unquote --verbatim-files-from -T "$work/changed" ;;
*bsdtar*) tar -cf - -n -T "$work/changed" ;;
*) pax -w -d -x ustar <"$work/changed" ;;
esac
