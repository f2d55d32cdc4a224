import Testing

/// Variables of the environment are read by `ci`, which hands on what others need.
@Suite struct EnvironmentTests {
    private let tree = SourceTree()

    /// Files below `ci` that hand the environment of this process to a program, or look up a program in it.
    private static let known: Set<String> = [
        "Sources/PlanSession/WorkTree.swift", "Sources/PluginHost/Spawn.swift",
        "Sources/SSH/RemoteSession.swift", "Sources/Worker/InteractiveShell.swift",
        "Sources/Worker/TargetEnvironment+Bootstrap.swift",
    ]

    @Test func noOtherModuleReadsVariables() {
        var found: Set<String> = []
        for file in tree.files(in: "Sources") where !file.path.hasPrefix("Sources/ci/") {
            for (number, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let code = line.split(separator: "//", omittingEmptySubsequences: false).first ?? ""
                let words = code.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
                let isRead = words.contains {
                    $0 == "getenv" || $0 == "environ" || $0.hasSuffix("ProcessInfo.processInfo.environment")
                        || $0.contains("ProcessInfo.processInfo.environment.")
                }
                guard isRead else { continue }
                found.insert(file.path)
                #expect(
                    Self.known.contains(file.path),
                    "\(file.path):\(number + 1) reads the environment; let ci hand it the value")
            }
        }
        #expect(found == Self.known, "a file that no longer reads the environment leaves the list")
    }
}
