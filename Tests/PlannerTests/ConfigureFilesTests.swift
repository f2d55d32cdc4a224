import Core
import TestSupport
import Testing

@testable import PlanSession

/// The files of a unikernel that `mirage configure` reads.
@Suite struct ConfigureFilesTests {
    @Test func eachPathMustMatchAFile() throws {
        let directory = try TemporaryDirectory()
        try directory.shell(
            """
            mkdir -p s/u/data s/u/empty
            touch s/u/config.ml s/u/other.ml s/u/data/a s/top
            tar -cf s.tar s
            """)
        try directory.write("no archive", to: "s.txt")
        let refusal = #expect(throws: Failure.self) {
            try SourceTree.withUnpacked(directory("s.txt"), of: "https://host/s.txt", in: directory.path) { _ in }
        }
        // It names the source, not the file in the cache.
        #expect(refusal?.description.contains("the source cannot be unpacked: https://host/s.txt: ") == true)
        func files(_ paths: [String]) throws -> [String] {
            try SourceTree.withUnpacked(directory("s.tar"), of: "file:///s.tar", in: directory.path) { tree in
                try tree.configureFiles(below: "u", matching: paths.map { Glob($0) }).keys.map { "\($0)" }.sorted()
            }
        }
        #expect(try files(["data/*", "config.ml"]) == ["config.ml", "data/a"])
        for path in ["absent", "empty/*", "empty", "../top", "top"] {
            let failure = #expect(throws: Failure.self) { try files(["data/*", path]) }
            #expect(failure?.category == .input)
            #expect(failure?.description.contains("in the directory 'u' of the source matches '\(path)'") == true)
        }
    }
}
