import Foundation
import TestSupport
import Testing

/// The opam files of the real repository, unpacked for tests.
extension SharedRepository {
    /// Opam files of the newest commit as (path, bytes): every twentieth by name, or all with `CISO_TEST_FULL=1`.
    static let files: [(path: String, bytes: [UInt8])] = (try? read(every: LongForm.isWanted ? 1 : 20)) ?? []

    private static func read(every step: Int) throws -> [(path: String, bytes: [UInt8])] {
        let directory = try TemporaryDirectory()
        let script = """
            tar -xf "$1"
            export GIT_DIR="$PWD/opam-repository.git"
            git ls-tree -r --name-only HEAD packages | grep '/opam$' | awk "NR % $2 == 0" > names
            sed 's/^/HEAD:/' names | git cat-file --batch='%(objectsize)' > contents
            """
        try directory.shell(script, archive.path, String(step))
        let names = try #require(directory.read("names"))
        let contents = Array(try Data(contentsOf: directory.url.appending(path: "contents")))
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
}
