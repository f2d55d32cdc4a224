import Foundation

/// The opam files of a real repository, unpacked for tests.
enum SharedRepository {
    /// The folder of reference data beside the package.
    static let shared = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared")

    static let archive = shared.appending(path: "opam-repository.git.tar")

    static var isPresent: Bool { FileManager.default.fileExists(atPath: archive.path) }

    static let isComplete = ProcessInfo.processInfo.environment["CISO_TEST_FULL"] == "1"

    /// Opam files of the newest commit as (path, bytes): every twentieth by name, or all with `CISO_TEST_FULL=1`.
    static let files: [(path: String, bytes: [UInt8])] = (try? read(every: isComplete ? 1 : 20)) ?? []

    private static func read(every step: Int) throws -> [(path: String, bytes: [UInt8])] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "opam-format-tests-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = """
            tar -xf "$1"
            export GIT_DIR="$PWD/opam-repository.git"
            git ls-tree -r --name-only HEAD packages | grep '/opam$' | awk "NR % $2 == 0" > names
            sed 's/^/HEAD:/' names | git cat-file --batch='%(objectsize)' > contents
            """
        try run("/bin/sh", ["-ec", script, "sh", archive.path, String(step)], in: folder)
        let names = try String(contentsOf: folder.appending(path: "names"), encoding: .utf8)
        let contents = Array(try Data(contentsOf: folder.appending(path: "contents")))
        return split(contents, names.split(separator: "\n").map(String.init))
    }

    /// Cuts what `git cat-file --batch` wrote: for each file its size, a newline, its bytes, a newline.
    private static func split(_ contents: [UInt8], _ names: [String]) -> [(path: String, bytes: [UInt8])] {
        var rest = contents[...]
        return names.map { name in
            let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let size = Int(String(decoding: rest[..<lineEnd], as: UTF8.self)) ?? 0
            let start = lineEnd + 1
            defer { rest = rest[(start + size + 1)...] }
            return (name, Array(rest[start..<(start + size)]))
        }
    }

    private static func run(_ program: String, _ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileReadUnknown) }
    }
}
