internal import Archive
internal import ShellQuoting

/// The shell script that installs the files of a `.install` file. It runs in the build directory.
///
/// Its function is in `Scripts/install-files.sh`. It copies with `install`, which every system has, with one call for
/// each directory and mode. A file that is missing and not optional is reported, and the script fails after the others
/// are installed, as opam does.
package struct InstallScript: Hashable, Sendable {
    /// The script, for a POSIX shell.
    package let text: String

    package init(_ installation: Installation) {
        var lines = [String(decoding: PackageResources.install_files_sh, as: UTF8.self)]
        for directory in installation.directories {
            lines.append("mkdir -p \(ShellWord.quoted(directory))")
        }
        for batch in Self.batches(installation.entries) {
            let words = ([batch.destination] + batch.sources).map(ShellWord.quoted)
            lines.append("put \(batch.mode.rawValue) \(words.joined(separator: " "))")
        }
        lines.append("finish")
        text = lines.joined(separator: "\n") + "\n"
    }

    private struct Batch {
        var mode: Installation.Mode
        var destination: FilePath
        var sources: [FilePath]
    }

    /// Groups consecutive files that keep their names and go to the same directory.
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
