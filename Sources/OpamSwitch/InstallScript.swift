internal import Archive
internal import System

/// The shell script that installs what a `.install` file asks for, run in the build directory.
///
/// It copies with `install`, which every system has, one call for each directory and mode; a file that is missing and
/// not optional is named, and the script fails after the others are installed, as opam does.
package struct InstallScript: Hashable, Sendable {
    /// The script, for a POSIX shell.
    package let text: String

    package init(_ installation: Installation) {
        var lines = [Self.prelude]
        for directory in installation.directories {
            lines.append("mkdir -p \(ShellWord.quoted(directory))")
        }
        for batch in Self.batches(installation.entries) {
            let words = ([batch.destination] + batch.sources).map(ShellWord.quoted)
            lines.append("put \(batch.mode.rawValue) \(words.joined(separator: " "))")
        }
        lines.append("exit $missing")
        text = lines.joined(separator: "\n") + "\n"
    }

    /// `put MODE DESTINATION SOURCE…`: DESTINATION ends with `/` where it is a directory; `?SOURCE` may be missing.
    private static let prelude = #"""
        umask 022
        missing=0
        put() {
            mode=$1 destination=$2
            shift 2
            left=$#
            while [ "$left" -gt 0 ]; do
                source=$1
                shift
                left=$((left - 1))
                case $source in
                '?'*)
                    source=${source#?}
                    [ -f "./$source" ] || continue
                    ;;
                esac
                if [ -f "./$source" ]; then
                    set -- "$@" "./$source"
                else
                    echo "Error: the .install file names '$source', which was not built" >&2
                    missing=1
                fi
            done
            [ $# -gt 0 ] || return 0
            mkdir -p "${destination%/*}"
            case $destination in
            */) ;;
            *)
                if [ -d "$destination" ]; then
                    echo "Error: the .install file names '$destination', which is a directory" >&2
                    exit 1
                fi
                ;;
            esac
            [ ! -L "$destination" ] || rm -f "$destination"
            install -m "$mode" "$@" "$destination" || exit 1
        }
        """#

    private struct Batch {
        var mode: Installation.Mode
        var destination: FilePath
        var sources: [FilePath]
    }

    /// Neighbours that keep their names and go to one directory are installed together.
    private static func batches(_ entries: [Installation.Entry]) -> [Batch] {
        var batches: [Batch] = []
        for entry in entries {
            let source = FilePath(bytes: (entry.isOptional ? [UInt8(ascii: "?")] : []) + entry.source.bytes)
            let name = entry.destination.components.last ?? ""
            let directory = FilePath(bytes: entry.destination.bytes.dropLast(name.bytes.count))
            let keepsName = entry.source.components.last == name
            if keepsName, let last = batches.last, last.mode == entry.mode, last.destination == directory {
                batches[batches.count - 1].sources.append(source)
            } else {
                let destination = keepsName ? directory : entry.destination
                batches.append(Batch(mode: entry.mode, destination: destination, sources: [source]))
            }
        }
        return batches
    }
}
