/// One thing to be run, as data: the plugin writes it, the executor runs it.
///
/// - SeeAlso: `docs/decisions/0066-conditional-steps.md`
public struct Step: Codable, Hashable, Sendable {
    /// What a step is for; the part of a build that fails when it fails.
    public enum Phase: String, Codable, Hashable, Sendable, CaseIterable {
        case bootstrap, depext, configure, build, test, install, remove
    }

    /// Where a step is run.
    public enum Place: String, Codable, Hashable, Sendable, CaseIterable {
        /// On the worker's own machine; only bootstrap steps are.
        case worker
        case environment
    }

    /// Who runs a step.
    public enum User: String, Codable, Hashable, Sendable, CaseIterable {
        case root
        /// ``EnvironmentDescription/buildUser``.
        case build
    }

    /// Unique in its list; lower-case letters, digits and `-`: `install-system-packages`.
    public var name: String
    /// The phase that a failure of the step belongs to.
    public var phase: Phase
    /// For the shell of the step's place: the environment's ``Shell``, or `/bin/sh -eu` of the worker. It ends with
    /// status 0 where it succeeded.
    public var script: String
    /// Whether the step runs inside the environment or on the worker.
    public var place: Place
    /// Who runs the step.
    public var user: User
    /// The directory that it starts in; absent: the build user's home, or any at the worker.
    public var directory: String?
    /// Variables beside ``EnvironmentDescription/environment``, and before them where both name one.
    public var environment: [String: String]
    /// Whether it may reach the network.
    public var network: Bool
    /// Limits that the step needs to differ from the job's.
    public var limits: StepLimits?
    /// Whether the files that it leaves may be kept and used again for equal inputs.
    public var cacheable: Bool
    /// Whether running it a second time succeeds and changes nothing.
    public var idempotent: Bool
    /// A script of the build user for the same shell: where it succeeds, the step has nothing to do and is not run. Asked
    /// on hosts only, where earlier jobs left things; root file systems are made again. Absent: the step is always run.
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

/// What a step may use; absent: as the job says.
public struct StepLimits: Codable, Hashable, Sendable {
    /// Wall-clock seconds.
    public var time: Int?
    /// Seconds without output.
    public var silence: Int?
    /// Bytes of memory.
    public var memory: Int?
    /// Bytes written.
    public var disk: Int?
    /// Bytes of log.
    public var log: Int?
    /// Processes and threads at one time.
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
