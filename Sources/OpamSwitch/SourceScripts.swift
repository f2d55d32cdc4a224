/// The shell scripts that lay out a package's source, run in the environment before its own commands.
package enum SourceScripts {
    /// Unpacks an archive as opam does: where it holds nothing but one directory, that directory is the source.
    ///
    /// - Parameters:
    ///   - archive: absolute; nil for a package without a source.
    ///   - name: what a file that is no archive is called.
    ///   - subpath: the package's folder inside the source.
    ///   - directory: the build directory, absolute, which must not exist.
    package static func unpack(
        _ archive: String?, name: String, subpath: String?, isArchive: Bool, to directory: String
    ) -> String {
        let place = ShellWord.quoted(directory)
        guard let archive else { return "umask 022\nmkdir -p \(place)\n" }
        let file = ShellWord.quoted(archive)
        guard isArchive else {
            return "umask 022\nmkdir -p \(place)\ncp \(file) \(place)/\(ShellWord.quoted(name))\n"
        }
        return """
            umask 022
            aside=\(place).unpacked
            mkdir -p "$aside"
            case $(dd if=\(file) bs=2 count=1 2>/dev/null) in
            PK) unzip -q \(file) -d "$aside" ;;
            *) \(gnu("tar")) -xf \(file) -C "$aside" ;;
            esac
            rm -f "$aside/pax_global_header"
            top=$aside
            set -- "$aside"/* "$aside"/.[!.]* "$aside"/..?*
            count=0
            for entry do
                if [ -e "$entry" ] || [ -L "$entry" ]; then
                    count=$((count + 1))
                    only=$entry
                fi
            done
            if [ $count -eq 1 ] && [ -d "$only" ] && [ ! -L "$only" ]; then top=$only; fi
            mv "$top"\(subpath.map { "/" + ShellWord.quoted($0) } ?? "") \(place)
            rm -rf "$aside"

            """
    }

    /// Copies files to where the recipe wants them, by name relative to the build directory.
    ///
    /// - Parameter files: the absolute path of each.
    package static func place(_ files: [(name: String, path: String)]) -> String {
        files.map { name, path in
            let folder = name.split(separator: "/").dropLast().joined(separator: "/")
            let makeFolder = folder.isEmpty ? "" : "mkdir -p ./\(ShellWord.quoted(folder))\n"
            return makeFolder + "cp \(ShellWord.quoted(path)) ./\(ShellWord.quoted(name))\n"
        }.joined()
    }

    /// Applies patches in order, in the build directory.
    package static func apply(_ patches: [String]) -> String {
        patches.map { "\(gnu("patch")) -p1 -f -i ./\(ShellWord.quoted($0))\n" }.joined()
    }

    /// GNU's program where the system has it beside its own, as opam prefers it on the BSDs: theirs may know less.
    private static func gnu(_ program: String) -> String {
        "$(command -v g\(program) || echo \(program))"
    }
}
