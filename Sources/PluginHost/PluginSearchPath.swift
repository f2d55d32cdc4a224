internal import Core
internal import Foundation

/// Where plugins are looked for, and which file wins where several claim a name.
///
/// Entries are tried in order: those given on the command line, those of `CISO_PLUGIN_PATH`, then
/// `../lib/ciso/plugins` beside the running program and the program's own directory. An entry is a directory, or one
/// plugin's file. Of files with the same name the first wins; inside one directory, the first by the bytes of the
/// file's name. The others are *shadowed*: listed, never loaded.
package struct PluginSearchPath: Sendable, Hashable {
    /// The folders, in order of precedence.
    package var entries: [String]

    package init(entries: [String]) {
        self.entries = entries
    }

    /// The usual search path of a program: `given` first, then the colon-separated `variable` (`CISO_PLUGIN_PATH`),
    /// then where a program finds what it was installed or built with.
    package init(given: [String] = [], variable: String? = nil, program: String? = runningProgram()) {
        entries = given
        entries += (variable ?? "").split(separator: ":").map(String.init)
        if let directory = program.map(directoryName) {
            entries += ["\(directory)/../lib/ciso/plugins", directory]
        }
    }

    /// What the search path holds.
    package struct Found: Sendable, Hashable {
        /// One for each name, in order of names.
        package var files: [PluginFile]
        /// Files that another of the same name hides, with the one that hides each.
        package var shadowed: [(file: PluginFile, by: PluginFile)]

        package static func == (left: Self, right: Self) -> Bool {
            left.files == right.files && left.shadowed.elementsEqual(right.shadowed) { $0 == $1 }
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(files)
        }
    }

    /// Looks through the entries; absent directories are no error, so that a default path may name some.
    package func find() -> Found {
        var byName: [String: PluginFile] = [:]
        var shadowed: [(file: PluginFile, by: PluginFile)] = []
        var seen: Set<String> = []
        for file in entries.flatMap(Self.files) {
            let real = URL(fileURLWithPath: file.path).resolvingSymlinksInPath().path
            guard seen.insert(real).inserted else { continue }
            if let first = byName[file.name] {
                shadowed.append((file, first))
            } else {
                byName[file.name] = file
            }
        }
        return Found(files: byName.values.sorted { $0.name < $1.name }, shadowed: shadowed)
    }

    private static func files(of entry: String) -> [PluginFile] {
        if let file = PluginFile(path: entry), FileManager.default.fileExists(atPath: entry) {
            return [file]
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: entry)) ?? []
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap {
            PluginFile(path: "\(entry)/\($0)")
        }
    }
}

/// The path of the program that is running, links resolved; nil if `/proc` does not tell.
package func runningProgram() -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
}

func directoryName(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
