internal import Core

/// The registration of a worker: the ephemeral document `workers/ID`, which describes the jobs that it can run and
/// exists while it is alive.
///
/// - SeeAlso: `docs/decisions/0257-labels.md`
/// - SeeAlso: `docs/decisions/0258-registered-answers.md`
public struct WorkerRegistration: Codable, Hashable, Sendable {
    /// Whether a worker gets jobs.
    public enum Mode: String, Codable, Sendable {
        case ready
        /// It finishes its running jobs and gets no others until it is resumed.
        case paused
        /// It finishes its running jobs and leaves.
        case draining
    }

    /// Hosts that the worker reaches by ssh, for the targets that a glob matches.
    public struct HostRule: Codable, Hashable, Sendable {
        /// A glob of target names.
        public var targets: String
        /// The hosts, each `ssh://[USER@]HOST[:PORT]`.
        public var hosts: [String]

        public init(targets: String, hosts: [String]) {
            self.targets = targets
            self.hosts = hosts
        }
    }

    /// The command that the worker is part of and its process id, for display.
    public var name: String
    /// The machine that it runs on.
    public var host: String
    /// The version of the program.
    public var version: String
    /// Globs of the targets whose jobs it runs; absent for all targets.
    public var targets: [String]?
    /// The labels that targets may require of a worker, unique and sorted; absent if it has none.
    public var labels: [String]?
    /// The deployment whose jobs it runs; absent for all deployments.
    public var deployment: String?
    /// The number of jobs that it runs at once in sandboxes. Each of its hosts runs one more.
    public var slots: Int
    /// The number of further jobs that it holds, to start them as soon as a slot is free.
    public var backlog: Int
    /// The path of its cache; workers with the same cache share unpacked layers.
    public var cache: String
    /// The sorted file names of its plugins, whose jobs it can run; absent for all plugins.
    public var plugins: [String]?
    /// The answers of its plugins about targets: the first digits of their digests, by `Plan.Target.question`. Absent
    /// if not registered: then any answer is possible.
    public var answers: [String: String]?
    /// Whether it reads requests in bundles; absent in the registrations of older versions.
    public var readsBundles: Bool?
    /// Its rules for hosts; if none matches, the hosts in the matrix are used.
    public var hosts: [HostRule]
    /// Whether it gets jobs.
    public var mode: Mode
    /// When it registered, in seconds since 1970.
    public var since: Int

    public init(
        name: String, host: String, version: String, targets: [String]? = nil, labels: [String]? = nil,
        deployment: String? = nil, slots: Int, backlog: Int = 0, cache: String, plugins: [String]? = nil,
        hosts: [HostRule] = [], mode: Mode = .ready, since: Int
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

    /// The number of digits registered of each answer: enough to distinguish answers, in a small document.
    package static let answerLength = 12

    /// Whether its plugin may give the answer about the target that the plan was made with. If its answer is not
    /// registered, the worker finds out when a job starts.
    public func mayAnswer(_ target: Plan.Target) -> Bool {
        guard let question = target.question, let answer = answers?[question] else { return true }
        return target.plugin.digest.hex.hasPrefix(answer)
    }

    /// Why a worker gets no jobs of a target.
    public enum Obstacle: Hashable, Sendable, CaseIterable {
        /// It runs only other targets.
        case otherTargets
        /// It lacks the target's plugin.
        case missingPlugin
        /// Its plugin gives other answers than those that the plan was made with.
        case otherAnswers
        /// It is paused or leaves.
        case mode
    }

    /// Why it gets no jobs of the target in any mode; nil if it may.
    public func obstacle(to target: Plan.Target) -> Obstacle? {
        if !runs(target: target.name) { return .otherTargets }
        if !has(plugin: target.plugin.name) { return .missingPlugin }
        return mayAnswer(target) ? nil : .otherAnswers
    }

    /// Whether it has all these labels.
    public func has(labels wanted: [String]) -> Bool { Set(wanted).isSubset(of: labels ?? []) }

    /// Whether it has a plugin with this name. Hyphens are ignored: the names of plugin files have none.
    public func has(plugin: String) -> Bool {
        plugins?.contains(plugin.filter { $0 != "-" }) ?? true
    }

    /// The distinct hosts on which it runs jobs of the target, sorted; empty if it runs them in sandboxes.
    ///
    /// - Parameter planned: The hosts in the matrix, separated by spaces.
    public func hosts(of target: String, planned: String?) -> [String] {
        if let rule = hosts.first(where: { Glob($0.targets).matches(target) }) { return Set(rule.hosts).sorted() }
        return Set((planned ?? "").split(separator: " ").map(String.init)).sorted()
    }
}

/// A requested change of a worker's mode: the ephemeral document `modes/WORKER`, which exists for a day, or until the
/// worker has left.
///
/// The worker copies the mode into its registration, where dispatchers read it.
public struct WorkerModeRequest: Codable, Hashable, Sendable {
    /// The requested mode.
    public var mode: WorkerRegistration.Mode

    public init(mode: WorkerRegistration.Mode) {
        self.mode = mode
    }
}

/// The dispatcher of a deployment: the ephemeral document `dispatchers/DEPLOYMENT`, which exists while that process is
/// alive.
public struct DispatcherLease: Codable, Hashable, Sendable {
    /// The command and its process id, for display.
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
