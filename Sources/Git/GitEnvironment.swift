internal import Synchronization

/// What the environment of the process says about git's configuration. The program that reads the environment hands it down
/// with `adopt`; until then it is empty.
public struct GitEnvironment: Sendable {
    private static let adopted = Mutex(GitEnvironment([:]))

    static var current: GitEnvironment { adopted.withLock { $0 } }

    private let variables: [String: String]

    /// - Parameter variables: those of the process.
    public init(_ variables: [String: String]) {
        self.variables = variables.filter { $0.key.hasPrefix("GIT_CONFIG") || $0.key == "SUDO_UID" || $0.key == "HOME" }
    }

    /// Makes this the environment by which repositories are opened from now on.
    public func adopt() { Self.adopted.withLock { $0 = self } }

    /// Variables that direct git to one repository, as the hooks of a repository get them. A git that is to work on
    /// another one must not have them.
    public static let repositoryVariables: Set<String> = [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
        "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_TEMPLATE_DIR",
    ]

    /// The user who called sudo.
    var callingUser: UInt32? { variables["SUDO_UID"].flatMap { UInt32($0) } }

    var home: String? { variables["HOME"] }

    /// The files of the system's and the user's configuration, given where they are by default.
    func files(_ standard: (system: String?, user: [String])) -> [String] {
        var files: [String] = []
        if !["1", "true", "yes", "on"].contains(variables["GIT_CONFIG_NOSYSTEM"] ?? "") {
            files += (variables["GIT_CONFIG_SYSTEM"] ?? standard.system).map { [$0] } ?? []
        }
        return files + (variables["GIT_CONFIG_GLOBAL"].map { [$0] } ?? standard.user)
    }

    /// The values of `safe.directory`: those of the files, then those of the variables `GIT_CONFIG_KEY_n`.
    func safeDirectories(configured: [String]) -> [String] {
        let count = min(variables["GIT_CONFIG_COUNT"].flatMap { Int($0) } ?? 0, 1_000)
        return configured
            + (0..<max(0, count)).compactMap { index in
                variables["GIT_CONFIG_KEY_\(index)"]?.lowercased() == "safe.directory"
                    ? variables["GIT_CONFIG_VALUE_\(index)"] ?? "" : nil
            }
    }
}
