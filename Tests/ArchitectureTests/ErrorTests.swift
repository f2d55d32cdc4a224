import Testing

/// Every error that leaves its module has a category, so that a front end needs no list of error types.
@Suite struct ErrorTests {
    private let files = SourceTree().files(in: "Sources")

    /// The types whose declaration or extension names one of `protocols`, by the last part of their name.
    private func types(_ keywords: String, conformingTo protocols: Set<Substring>) throws -> [String: String] {
        let head = try Regex(
            #"(?m)^ *(\#(keywords)) (?:struct|enum|final class|class|actor|extension) ([\w.]+)[^:{\n]*:([^{]*)\{"#,
            as: (Substring, Substring, Substring, Substring).self)
        var filesByType: [String: String] = [:]
        for file in files {
            for match in file.text.matches(of: head) {
                let inherited = match.3.split { !$0.isLetter }
                guard inherited.contains(where: protocols.contains) else { continue }
                filesByType[match.2.split(separator: ".").last.map(String.init) ?? ""] = file.path
            }
        }
        return filesByType
    }

    @Test func everyErrorThatLeavesItsModuleIsClassified() throws {
        let visible = try types("(?:public|package)", conformingTo: ["Error", "LocalizedError", "CustomNSError"])
        let extended = try files.flatMap { file in
            file.text.matches(
                of: try Regex(#"(?m)^extension ([\w.]+):([^{]*)\{"#, as: (Substring, Substring, Substring).self)
            )
            .filter { $0.2.split { !$0.isLetter }.contains("ClassifiedError") }
            .compactMap { $0.1.split(separator: ".").last.map(String.init) }
        }
        for (name, path) in visible where name != "ClassifiedError" {
            #expect(extended.contains(name), "\(path): '\(name)' has no category: conform to ClassifiedError")
        }
        #expect(!visible.isEmpty, "the declarations are not found any more")
    }

    /// Exit codes are chosen in one place: no other file turns a category into one.
    @Test func oneFileMapsCategoriesToExitCodes() {
        let mapping = files.filter { $0.text.contains("ErrorCategory)") && $0.text.contains("ExitStatus") }.map(\.path)
        #expect(mapping == ["Sources/ci/CI.swift"])
    }

    /// Foundation's and libgit2's sentences are not for users: `systemReason(of:)` and `LibraryError` have plain words.
    @Test func noMessageIsAnotherLibrarys() {
        for file in files {
            #expect(!file.text.contains("localizedDescription"), "\(file.path): use systemReason(of:)")
        }
    }
}
