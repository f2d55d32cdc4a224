internal import Core

/// What a worker can run and whether it gets jobs, as `workers/ID` says while the worker lives.
///
/// - SeeAlso: `docs/decisions/0257-labels.md`
/// - SeeAlso: `docs/decisions/0258-registered-answers.md`
public struct WorkerRegistration: Codable, Hashable, Sendable {
    /// Whether a worker gets jobs.
    public enum Mode: String, Codable, Sendable {
        case ready
        /// It finishes what it runs, and gets more when it is ready again.
        case paused
        /// It finishes what it runs, and leaves.
        case draining
    }

    /// Hosts that the worker reaches by ssh, for the targets that a glob matches.
    public struct HostRule: Codable, Hashable, Sendable {
        /// Matches names of targets.
        public var targets: String
        /// `ssh://[USER@]HOST[:PORT]` each.
        public var hosts: [String]

        public init(targets: String, hosts: [String]) {
            self.targets = targets
            self.hosts = hosts
        }
    }

    /// For people: the command that the worker is part of, and its process.
    public var name: String
    /// The machine that it runs on.
    public var host: String
    /// The version of the program.
    public var version: String
    /// Globs of the targets that it runs; absent: all.
    public var targets: [String]?
    /// What targets may require of a worker, each once and sorted; absent: it has none.
    public var labels: [String]?
    /// The deployment whose jobs it runs; absent: those of all.
    public var deployment: String?
    /// Jobs at once in sandboxes. Each of its hosts runs one more.
    public var slots: Int
    /// Jobs that it holds besides, to begin them as soon as a slot is free.
    public var backlog: Int
    /// Workers with the same cache share their unpacked layers.
    public var cache: String
    /// The names of its plugins' files, sorted: it runs jobs of no others. Absent: it runs jobs of any.
    public var plugins: [String]?
    /// What its plugins answer about targets: the first digits of the digests, by `Plan.Target.question`. Absent: any may be right.
    public var answers: [String: String]?
    /// Its rules for hosts; those of the matrix count where none matches.
    public var hosts: [HostRule]
    /// Whether it gets jobs.
    public var mode: Mode
    /// When it registered, in seconds since 1970.
    public var since: Int

    public init(
        name: String, host: String, version: String, targets: [String]? = nil, labels: [String]? = nil,
        deployment: String? = nil,
        slots: Int, backlog: Int = 0, cache: String, plugins: [String]? = nil, hosts: [HostRule] = [],
        mode: Mode = .ready,
        since: Int
    ) {
        self.name = name
        self.host = host
        self.version = version
        self.targets = targets
        self.labels = labels
        self.deployment = deployment
        self.slots = slots
        self.backlog = backlog
        self.cache = cache
        self.plugins = plugins
        self.hosts = hosts
        self.mode = mode
        self.since = since
    }

    /// Whether it runs jobs of the target.
    public func runs(target: String) -> Bool {
        targets?.contains { Glob($0).matches(target) } ?? true
    }

    /// So many digits tell answers apart; the document is to be small.
    package static let answerLength = 12

    /// Whether its plugin may answer about the target as the one did that the plan was made with. Of what it has not registered
    /// that comes out when a job begins.
    public func mayAnswer(_ target: Plan.Target) -> Bool {
        guard let question = target.question, let answer = answers?[question] else { return true }
        return target.plugin.digest.hex.hasPrefix(answer)
    }

    /// Whether it has all these labels.
    public func has(labels wanted: [String]) -> Bool { Set(wanted).isSubset(of: labels ?? []) }

    /// Whether it has a plugin of that name. Names of files have no hyphens.
    public func has(plugin: String) -> Bool {
        plugins?.contains(plugin.filter { $0 != "-" }) ?? true
    }

    /// The hosts on which it runs jobs of the target, each once and sorted; empty: in its sandboxes.
    ///
    /// - Parameter planned: the hosts that the matrix names, separated by spaces.
    public func hosts(of target: String, planned: String?) -> [String] {
        if let rule = hosts.first(where: { Glob($0.targets).matches(target) }) { return Set(rule.hosts).sorted() }
        return Set((planned ?? "").split(separator: " ").map(String.init)).sorted()
    }
}

/// A change of a worker's mode that someone asked for, as `modes/WORKER` says until the worker is gone.
///
/// The worker takes the mode over into its registration; dispatchers read it there.
public struct WorkerModeRequest: Codable, Hashable, Sendable {
    /// The mode that is asked for.
    public var mode: WorkerRegistration.Mode

    public init(mode: WorkerRegistration.Mode) {
        self.mode = mode
    }
}

/// Who dispatches the jobs of a deployment and records their results, as `dispatchers/DEPLOYMENT` says while it lives.
public struct DispatcherLease: Codable, Hashable, Sendable {
    /// For people: the command and its process.
    public var name: String
    /// The machine that it runs on.
    public var host: String
    /// When it became the dispatcher, in seconds since 1970.
    public var since: Int

    public init(name: String, host: String, since: Int) {
        self.name = name
        self.host = host
        self.since = since
    }
}
