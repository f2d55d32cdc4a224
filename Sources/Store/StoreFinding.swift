public import Core

/// A problem in a store, the effect of a repair on it, and a suggestion for the user.
public struct StoreFinding: Sendable, Hashable, Codable {
    /// How bad a finding is.
    public enum Severity: String, Sendable, Codable {
        /// Data is lost or cannot be read.
        case damage
        /// A leftover or an inconsistency without loss of data.
        case disorder
    }

    /// The kinds of things that can have a problem.
    public enum Subject: String, Sendable, Codable {
        case schema, configuration, head, reference, branch, lock, pack, index, object, document, journal, heads, log,
            layer
    }

    /// How bad it is.
    public let severity: Severity
    /// The kind of thing that has the problem.
    public let subject: Subject
    /// The message, which names the thing and the problem.
    public let message: String
    /// The effect of a repair; nil if it cannot be repaired.
    public let repair: String?
    /// Whether this verification has repaired it without loss.
    public internal(set) var isDone: Bool
    /// A suggestion for the user; nil if there is nothing to do.
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

    private enum CodingKeys: String, CodingKey {
        case severity, subject, message, repair, advice
        case isDone = "done"
    }
}

/// The result of a verification.
public struct StoreVerification: Sendable, Codable {
    /// The number of branches examined.
    public var branches = 0
    /// The number of commits examined.
    public var commits = 0
    /// The number of documents examined, each version counted once.
    public var documents = 0
    /// The number of logs and objects examined.
    public var objects = 0
    /// The number of archives of layers, if they were examined.
    public var layers = 0
    /// The number of root file systems, if they were examined.
    public var environments = 0
    /// The findings in the order of the examination.
    public var findings: [StoreFinding] = []
    /// The findings after a repair; empty if nothing was repaired.
    public var remaining: [StoreFinding] = []

    /// Creates an empty result.
    public init() {}

    /// Whether nothing was found, or everything was repaired.
    public var isSound: Bool { findings.allSatisfy(\.isDone) && remaining.isEmpty }
}

/// Knowledge about the meaning of documents: how to rebuild a damaged branch from its remains.
public struct BranchRebuilding: Sendable {
    /// How to rebuild a branch whose newest directory has lost documents.
    public enum Rebuilt: Sendable {
        /// Use exactly these documents, by path.
        case documents([String: [UInt8]])
        /// Restore the newest complete version, or remove the branch if there is none.
        case wholeVersion(advice: String)
    }

    /// The rebuilt documents; nil to continue with the readable documents.
    public var rebuild: @Sendable (_ branch: String, _ readable: [String: [UInt8]]) -> Rebuilt?
    /// A description of the document at a path of a branch; nil to use its path.
    public var describe: @Sendable (_ branch: String, _ path: String) -> String?

    /// The logs and layers that a document needs, by digest.
    public struct Contents: Sendable {
        /// The digests of logs that must exist.
        public var logs: [Digest]
        /// The digests of layers in results.
        public var layers: [Digest]
        /// The owner of the contents, for people.
        public var owner: String

        public init(logs: [Digest], layers: [Digest], owner: String) {
            self.logs = logs
            self.layers = layers
            self.owner = owner
        }
    }

    /// The blobs that the document at a path of a branch needs; nil for none.
    public var contents: @Sendable (_ branch: String, _ path: String, _ document: [UInt8]) -> Contents?
    /// Logs and layers that are stored elsewhere and need not be in the store.
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
