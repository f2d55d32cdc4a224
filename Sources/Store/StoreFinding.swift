public import Core

/// What is wrong in a store, what a repair does or did about it, and what the user can do.
public struct StoreFinding: Sendable, Hashable, Codable {
    /// How bad a finding is.
    public enum Severity: String, Sendable, Codable {
        /// Something is lost or cannot be read.
        case damage
        /// Something is in the way or left over.
        case disorder
    }

    /// The kind of thing that is wrong.
    public enum Subject: String, Sendable, Codable {
        case schema, configuration, head, reference, branch, lock, pack, index, object, document, journal, heads, log,
            layer
    }

    /// How bad it is.
    public let severity: Severity
    /// What kind of thing is damaged.
    public let subject: Subject
    /// Names the thing and what is wrong with it.
    public let message: String
    /// The effect of a repair; nil if it cannot be repaired.
    public let repair: String?
    /// Whether this verification has done it, and nothing is lost.
    public internal(set) var isDone: Bool
    /// What the user can do; nil if there is nothing to do.
    public internal(set) var advice: String?

    public init(
        _ severity: Severity, _ subject: Subject, _ message: String, repair: String? = nil, isDone: Bool = false,
        advice: String? = nil
    ) {
        self.severity = severity
        self.subject = subject
        self.message = message
        self.repair = repair
        self.isDone = isDone
        self.advice = advice
    }

    /// Whether a repair can mend it.
    public var isRepairable: Bool { repair != nil }

    private enum CodingKeys: String, CodingKey {
        case severity, subject, message, repair, advice
        case isDone = "done"
    }
}

/// What a verification looked at and found.
public struct StoreVerification: Sendable, Codable {
    /// Branches examined.
    public var branches = 0
    /// Commits examined.
    public var commits = 0
    /// Documents examined, each version counted once.
    public var documents = 0
    /// Logs and objects examined.
    public var objects = 0
    /// Archives of layers, where they were looked at.
    public var layers = 0
    /// Root file systems, where they were looked at.
    public var environments = 0
    /// What was found, in the order of the examination.
    public var findings: [StoreFinding] = []
    /// What is still found after a repair; empty if nothing was repaired.
    public var remaining: [StoreFinding] = []

    /// Nothing examined yet.
    public init() {}

    /// Whether nothing was found, or all that was found was mended.
    public var isSound: Bool { findings.allSatisfy(\.isDone) && remaining.isEmpty }
}

/// Knowledge about the meaning of documents: how to rebuild a damaged branch from its remains.
public struct BranchRebuilding: Sendable {
    /// What to make of a branch whose newest directory has lost documents.
    public enum Rebuilt: Sendable {
        /// These documents, by their paths, and no others.
        case documents([String: [UInt8]])
        /// Restore the newest complete version, or remove the branch if there is none.
        case wholeVersion(advice: String)
    }

    /// The rebuilt documents; nil to continue with the readable documents.
    public var rebuild: @Sendable (_ branch: String, _ readable: [String: [UInt8]]) -> Rebuilt?
    /// A description of the document at a path of a branch; nil to use its path.
    public var describe: @Sendable (_ branch: String, _ path: String) -> String?

    /// The logs and layers that a document needs, by their digests.
    public struct Contents: Sendable {
        /// Digests of logs that must exist.
        public var logs: [Digest]
        /// Digests of layers that results name.
        public var layers: [Digest]
        /// Whose they are, for people.
        public var owner: String

        public init(logs: [Digest], layers: [Digest], owner: String) {
            self.logs = logs
            self.layers = layers
            self.owner = owner
        }
    }

    /// The blobs that the document at a path of a branch needs; nil for none.
    public var contents: @Sendable (_ branch: String, _ path: String, _ document: [UInt8]) -> Contents?
    /// Logs and layers that are kept elsewhere, and need not be in the store.
    public var keptElsewhere: Set<Digest> = []

    public init(
        rebuild: @escaping @Sendable (_ branch: String, _ readable: [String: [UInt8]]) -> Rebuilt? = { _, _ in nil },
        describe: @escaping @Sendable (_ branch: String, _ path: String) -> String? = { _, _ in nil },
        contents: @escaping @Sendable (_ branch: String, _ path: String, _ document: [UInt8]) -> Contents? = {
            _, _, _ in nil
        }
    ) {
        self.rebuild = rebuild
        self.describe = describe
        self.contents = contents
    }
}
