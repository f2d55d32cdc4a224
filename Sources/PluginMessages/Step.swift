/// A script to run, as data: the plugin provides it, and the executor runs it.
///
/// - SeeAlso: `docs/decisions/0066-conditional-steps.md`
public struct Step: Codable, Hashable, Sendable {
    /// The purpose of a step: the phase that fails if the step fails.
    public enum Phase: String, Codable, Hashable, Sendable, CaseIterable {
        case bootstrap, depext, configure, build, test, install, remove
    }

    /// Where a step is run.
    public enum Place: String, Codable, Hashable, Sendable, CaseIterable {
        /// On the worker's machine; only for bootstrap steps.
        case worker
        case environment
    }

    /// The user that runs a step.
    public enum User: String, Codable, Hashable, Sendable, CaseIterable {
        case root
        /// ``EnvironmentDescription/buildUser``.
        case build
    }

    /// The name, unique in its list, of lower-case letters, digits and `-`: `install-system-packages`.
    public var name: String
    /// The phase that a failure of the step belongs to.
    public var phase: Phase
    /// A script for the environment's ``Shell``, or for `/bin/sh -eu` on the worker. It exits with status 0 on success.
    public var script: String
    /// Whether the step runs inside the environment or on the worker.
    public var place: Place
    /// The user that runs the step.
    public var user: User
    /// The working directory; absent for the build user's home, or for any on the worker.
    public var directory: String?
    /// Environment variables, which override those of ``EnvironmentDescription/environment``.
    public var environment: [String: String]
    /// Whether it has access to the network.
    public var network: Bool
    /// Limits that override those of the job.
    public var limits: StepLimits?
    /// Whether the files that it creates may be kept and reused for equal inputs.
    public var cacheable: Bool
    /// Whether running it a second time succeeds and changes nothing.
    public var idempotent: Bool
    /// A script for the same shell, run by the build user: if it succeeds, the step has nothing to do and is skipped.
    /// Used only on hosts, where earlier jobs may have left results; root file systems are always made from scratch.
    /// Absent: the step is always run.
    public var unless: String?

    public init(
        _ name: String, phase: Phase, script: String, place: Place = .environment, user: User = .build,
        directory: String? = nil, environment: [String: String] = [:], network: Bool = false,
        limits: StepLimits? = nil, cacheable: Bool = true, idempotent: Bool = false,
        unless: String? = nil
    ) {
        self.name = name
        self.phase = phase
        self.script = script
        self.place = place
        self.user = user
        self.directory = directory
        self.environment = environment
        self.network = network
        self.limits = limits
        self.cacheable = cacheable
        self.idempotent = idempotent
        self.unless = unless
    }
}

extension Step {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        phase = try values.decode(Phase.self, forKey: .phase)
        script = try values.decode(String.self, forKey: .script)
        place = try values.decodeIfPresent(Place.self, forKey: .place) ?? .environment
        user = try values.decodeIfPresent(User.self, forKey: .user) ?? .build
        directory = try values.decodeIfPresent(String.self, forKey: .directory)
        environment = try values.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
        network = try values.decodeIfPresent(Bool.self, forKey: .network) ?? false
        limits = try values.decodeIfPresent(StepLimits.self, forKey: .limits)
        cacheable = try values.decodeIfPresent(Bool.self, forKey: .cacheable) ?? true
        idempotent = try values.decodeIfPresent(Bool.self, forKey: .idempotent) ?? false
        unless = try values.decodeIfPresent(String.self, forKey: .unless)
    }
}

/// Limits of a step; those of the job if absent.
public struct StepLimits: Codable, Hashable, Sendable {
    /// Wall-clock seconds.
    public var time: Int?
    /// Seconds without output.
    public var silence: Int?
    /// Bytes of memory.
    public var memory: Int?
    /// The limit on bytes written.
    public var disk: Int?
    /// The limit on bytes of log.
    public var log: Int?
    /// The maximum number of processes and threads at a time.
    public var processes: Int?

    public init(
        time: Int? = nil, silence: Int? = nil, memory: Int? = nil, disk: Int? = nil, log: Int? = nil,
        processes: Int? = nil
    ) {
        self.time = time
        self.silence = silence
        self.memory = memory
        self.disk = disk
        self.log = log
        self.processes = processes
    }
}
