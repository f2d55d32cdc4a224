internal import Core
internal import Foundation

/// The search path of plugins, with the precedence of files that have the same plugin name.
///
/// Entries are tried in order: those given on the command line, those of `CISO_PLUGIN_PATH`, then `../lib/ciso/plugins`
/// relative to the running program and the program's own directory. An entry is a directory or the file of one plugin.
/// Of files with the same name the first is used; in one directory, the first by the bytes of the file name. The others
/// are *shadowed*: listed, but never loaded.
package struct PluginSearchPath: Sendable, Hashable {
    /// The directories and files, in order of precedence.
    package var entries: [String]

    package init(entries: [String]) {
        self.entries = entries
    }

    /// The default search path of a program: `given`, then the colon-separated `variable` (`CISO_PLUGIN_PATH`), then
    /// the directories in which plugins are installed or built with the program.
    package init(given: [String] = [], variable: String? = nil, program: String? = runningProgram()) {
        entries = given
        entries += (variable ?? "").split(separator: ":").map(String.init)
        if let directory = program.map(directoryName) {
            entries += ["\(directory)/../lib/ciso/plugins", directory]
        }
    }

    /// The plugins on the search path.
    package struct Found: Sendable, Hashable {
        /// One file for each name, in order of names.
        package var files: [PluginFile]
        /// Files that are shadowed by another one with the same name.
        package var shadowed: [(file: PluginFile, by: PluginFile)]

        package static func == (left: Self, right: Self) -> Bool {
            left.files == right.files && left.shadowed.elementsEqual(right.shadowed) { $0 == $1 }
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(files)
        }
    }

    /// Searches the entries; missing directories are not an error, since the default path may contain some.
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

/// The path of the running program with links resolved; nil if `/proc` does not provide it.
package func runningProgram() -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
}

func directoryName(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
