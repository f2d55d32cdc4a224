# shellcheck shell=sh
# apply_patch NAME applies a patch in the build directory. Where it does not apply, the last line names it, the file and the
# hunk.

# Prints a patch whose lines end as those of the files that it changes. Where every line of a file ends with a carriage
# return, so do the lines of its hunks, and the headers do not, or patch would take the returns away again (opam,
# OpamSystem.translate_patch).
translate_patch() {
    LC_ALL=C awk '
        function ends_in_returns(file,    line, count) {
            count = 0
            if (file == "") return 0
            while ((getline line < file) > 0) {
                count++
                if (line !~ /\r$/) { close(file); return 0 }
            }
            close(file)
            return count > 0
        }
        function target(line) {
            sub(/\r$/, "", line)
            line = substr(line, 5)
            sub(/\t.*$/, "", line)
            sub(/^[^\/]*\//, "", line)
            return line
        }
        function flush_line() {
            if (has_held) print held
            has_held = 0
        }
        /^\\/ && in_hunk_tail { if (returns) sub(/\r$/, "", held); flush_line(); print; next }
        { flush_line(); in_hunk_tail = 0 }
        old > 0 || new > 0 {
            first = substr($0, 1, 1)
            if (first != "+") old--
            if (first != "-") new--
            if (returns && $0 == "") $0 = " "
            if (returns && $0 !~ /\r$/) $0 = $0 "\r"
            held = $0; has_held = 1; in_hunk_tail = 1
            next
        }
        /^--- / { returns = ends_in_returns(target($0)) }
        /^\+\+\+ / { if (!returns) returns = ends_in_returns(target($0)) }
        /^@@ -[0-9]/ {
            split($2, from, ","); split($3, to, ",")
            old = $2 ~ /,/ ? from[2] + 0 : 1
            new = $3 ~ /,/ ? to[2] + 0 : 1
        }
        returns { sub(/\r$/, "") }
        { print }
        END { flush_line() }
    ' "./$1"
}

apply_patch() {
    status=0
    if [ ! -f "./$1" ]; then
        echo "Error: there is no patch '$1'" >&2
        exit 1
    fi
    translate_patch "$1" >"$PWD.patch"
    output=$("$(command -v gpatch || echo patch)" -p1 -f -i "$PWD.patch" 2>&1 </dev/null) || status=$?
    rm -f "$PWD.patch"
    [ -z "$output" ] || printf '%s\n' "$output"
    [ "$status" -ne 0 ] || return 0
    why=$(printf '%s\n' "$output" | awk '
        /^[Pp]atching file / { file = substr($0, 15) ": " }
        /^Hunk #[0-9]+ FAILED|^can.t find file to patch|previously applied|\*\*\*\* / {
            sub(/^.*\*\*\*\* /, "")
            print file $0
            exit
        }')
    echo "Error: the patch '$1' does not apply${why:+: $why}" >&2
    exit 1
}
