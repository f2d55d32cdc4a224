import Testing

/// Variables of the environment are read by `ci`, which hands on what others need.
@Suite struct EnvironmentTests {
    private let tree = SourceTree()

    /// Functions that read variables: those of Glibc, and those of Foundation that derive directories from `TMPDIR` and
    /// `HOME`.
    private static func reads(_ word: Substring) -> Bool {
        let name = word.split(separator: ".").last ?? ""
        return [
            "getenv", "secure_getenv", "environ", "NSTemporaryDirectory", "NSHomeDirectory", "NSUserName",
            "homeDirectoryForCurrentUser",
        ].contains(name) || word.contains("processInfo.environment")
            || word.contains("FileManager.default.temporaryDirectory")
    }

    @Test(arguments: [
        ("let a = getenv(\"A\")", true), ("ProcessInfo.processInfo.environment[\"A\"]", true),
        ("let path = FileManager.default.temporaryDirectory.path", true), ("NSHomeDirectory()", true),
        ("let path = environment.temporaryDirectory", false), ("host.client.environment", false),
    ])
    func readersOfVariablesAreRecognized(line: String, reads: Bool) {
        #expect(Self.words(of: line).contains(where: Self.reads) == reads)
    }

    private static func words(of code: some StringProtocol) -> [Substring] {
        Substring(code).split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
    }

    @Test func noOtherModuleReadsVariables() {
        for file in tree.files(in: "Sources") where !file.path.hasPrefix("Sources/ci/") {
            for (number, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let code = line.split(separator: "//", omittingEmptySubsequences: false).first ?? ""
                #expect(
                    !Self.words(of: code).contains(where: Self.reads),
                    "\(file.path):\(number + 1) reads the environment; let ci hand it a ProcessEnvironment")
            }
        }
    }
}
