package import Archive
internal import System

/// The shell scripts that lay out a package's source, run in the environment before its own commands.
package enum SourceScripts {
    /// Unpacks an archive as opam does: where it holds a file or a link at its top, all of it is the source; else it must
    /// hold one directory, and that is the source.
    ///
    /// - Parameters:
    ///   - archive: its absolute path, and its name for messages; nil for a package without a source.
    ///   - subpath: the package's folder inside the source.
    ///   - directory: the build directory, absolute, which must not exist.
    package static func unpack(_ archive: (path: String, name: String)?, subpath: String?, to directory: String)
        -> String
    {
        let place = ShellWord.quoted(directory)
        guard let archive else { return "umask 022\nmkdir -p \(place)\n" }
        let file = ShellWord.quoted(archive.path)
        return """
            umask 022
            archive=\(ShellWord.quoted(archive.name)) subpath=\(ShellWord.quoted(subpath ?? ""))
            aside=\(place).unpacked
            mkdir -p "$aside"
            case $(dd if=\(file) bs=2 count=1 2>/dev/null) in
            PK) unzip -q \(file) -d "$aside" ;;
            *) \(gnu("tar")) -xf \(file) -C "$aside" ;;
            esac
            \(chooseRoot)
            if [ ! -d "$top/$subpath" ]; then
                echo "Error: the archive '$archive' has no directory '$subpath'" >&2
                exit 1
            fi
            mv "$top/$subpath" \(place)
            rm -rf "$aside"

            """
    }

    /// Sets `top` to the source's directory (opam 2.0 to 2.5, `OpamSystem.extract_job`). `pax_global_header` is what old
    /// programs make of the comment in git's archives.
    private static let chooseRoot = """
        set -- "$aside"/* "$aside"/.[!.]* "$aside"/..?*
        count=0 files=no names=
        for entry do
            if [ -d "$entry" ] && [ ! -L "$entry" ]; then
                count=$((count + 1))
                top=$entry
                [ $count -gt 8 ] || names="$names${names:+, }'${entry##*/}'"
            elif [ -e "$entry" ] || [ -L "$entry" ]; then
                case ${entry##*/} in *pax_global_header*) ;; *) files=yes ;; esac
            fi
        done
        if [ $files = yes ]; then
            top=$aside
        elif [ $count -eq 0 ]; then
            echo "Error: the archive '$archive' is empty" >&2
            exit 1
        elif [ $count -gt 1 ]; then
            [ $count -le 8 ] || names="$names, …"
            echo "Error: the archive '$archive' contains multiple root directories: $names" >&2
            exit 1
        fi
        """

    /// Copies files to where the recipe wants them, by name relative to the build directory.
    ///
    /// - Parameter files: the absolute path of each.
    package static func place(_ files: [(name: FilePath, path: String)]) -> String {
        files.map { name, path in
            let makeFolder = name.parent.map { "mkdir -p ./\(ShellWord.quoted($0))\n" } ?? ""
            return makeFolder + "cp \(ShellWord.quoted(path)) ./\(ShellWord.quoted(name))\n"
        }.joined()
    }

    /// Applies patches in order, in the build directory. The last line of one that does not apply names it, the file and
    /// the hunk.
    package static func apply(_ patches: [String]) -> String {
        guard !patches.isEmpty else { return "" }
        return translatePatch + applyPatch + patches.map { "apply_patch \(ShellWord.quoted($0))\n" }.joined()
    }

    /// Prints a patch whose lines end as those of the files that it changes. Where every line of a file ends with a
    /// carriage return, so do the lines of its hunks, and the headers do not, or `patch` would take the returns away again
    /// (opam, `OpamSystem.translate_patch`).
    private static let translatePatch = #"""
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

        """#

    private static let applyPatch = #"""
        apply_patch() {
            status=0
            if [ ! -f "./$1" ]; then
                echo "Error: there is no patch '$1'" >&2
                exit 1
            fi
            translate_patch "$1" >"$PWD.patch"
            output=$(\#(gnu("patch")) -p1 -f -i "$PWD.patch" 2>&1 </dev/null) || status=$?
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

        """#

    /// GNU's program where the system has it beside its own, as opam prefers it on the BSDs: theirs may know less.
    private static func gnu(_ program: String) -> String {
        "$(command -v g\(program) || echo \(program))"
    }
}
