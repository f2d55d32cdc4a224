internal import Core
internal import Documents
internal import Executor
internal import Foundation
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
internal import Synchronization

/// Sessions with hosts that were made ready for a target.
struct RemoteSessions: Sendable {
    /// A host in which one job may be built.
    struct RemoteWorkspace: Sendable {
        let session: RemoteSession
        /// The host, its system and its C compiler, for whoever reads a result.
        let machine: String
    }

    let hosts: RemoteHosts
    private let ready: ReadyHosts
    /// For files on their way.
    private let scratch: String

    init(_ settings: HostSettings, scratch: String) {
        hosts = RemoteHosts(settings)
        ready = ReadyHosts()
        self.scratch = scratch
    }

    /// Runs `body` with a free host of the target, on which the target's directories are empty and nobody else's.
    ///
    /// - Throws: `Failure`; what `body` throws; `CancellationError`.
    func use<Value: Sendable>(
        for target: TargetEnvironment, _ planned: Plan.Target, log: JobLog,
        progress: @escaping @Sendable (JobStep) -> Void, _ body: @Sendable (RemoteWorkspace) async throws -> Value
    ) async throws -> Value {
        let waiting: @Sendable (String) -> Void = { progress(JobStep($0)) }
        return try await hosts.use(for: planned, progress: waiting) { address in
            let facts = try await facts(of: address, target, planned, log: log, progress)
            var host = host(address, target)
            host.directory = target.environment.paths.build
            let paths = target.environment.paths
            let session = try await RemoteSession(host, in: scratch, claiming: [paths.opamRoot, paths.home])
            let workshop = RemoteWorkspace(session: session, machine: "\(host.name): \(facts)")
            log.note("on \(workshop.machine)")
            do {
                let value = try await body(workshop)
                await session.close()
                return value
            } catch {
                await session.close()
                throw error
            }
        }
    }

    private func host(_ address: HostAddress, _ target: TargetEnvironment) -> RemoteHost {
        RemoteHost(address, client: hosts.settings.client, elevation: target.environment.shell.elevation)
    }

    // MARK: Making ready

    /// Runs the target's bootstrap on the host and compares the host with the description, once for each host.
    ///
    /// - Returns: what the host is.
    private func facts(
        of address: HostAddress, _ target: TargetEnvironment, _ planned: Plan.Target, log: JobLog,
        _ progress: @Sendable (JobStep) -> Void
    ) async throws -> String {
        if let known = await ready.facts(of: address, for: planned.environment) { return known }
        let host = host(address, target)
        progress(JobStep("bootstrap", host: host.name))
        let session = try await RemoteSession(host, in: scratch)
        do {
            try await makeReady(session, target, log: log)
            let facts = try await session.answer(to: Self.question(target.environment.environment["PATH"] ?? ""))
                .split(separator: "\n").map(String.init).joined(separator: ", ")
            await session.close()
            if let other = await ready.add(address, facts: facts, for: planned.environment) {
                throw RemoteRefusal(
                    .unsuitable,
                    "\(host.name) is '\(facts)', but \(other.host) is '\(other.facts)': hosts of one target must be equal"
                )
            }
            return facts
        } catch {
            await session.close()
            throw error
        }
    }

    private func makeReady(_ session: RemoteSession, _ target: TargetEnvironment, log: JobLog) async throws {
        let name = session.host.name
        // There is no home yet to start in.
        func rooted(_ step: Step) -> Step {
            var step = step
            step.directory = step.directory ?? "/"
            return step
        }
        for step in target.environment.bootstrap.map(rooted) where step.place == .environment {
            let section = log.begin(.depext, step.name, "\(step.commandLine) (on \(name))")
            let result: CommandResult
            do {
                result = try await session.perform(step, in: target, limits: TargetEnvironment.bootstrapLimits) {
                    section.append($0)
                }
                section.end(result)
            } catch let refused as RootRefused {
                throw RemoteRefusal(
                    .unsuitable, "\(name): making the environment: step '\(step.name)' needs root: \(refused)")
            }
            try Self.check(result, of: "making the environment: step '\(step.name)'", on: name)
        }
        guard let probe = target.environment.probe else { return }
        let said = Mutex("")
        let result = try await session.perform(rooted(probe), in: target, limits: TargetEnvironment.bootstrapLimits) {
            bytes in
            said.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        let text = said.withLock { $0 }
        try Self.check(result, of: "probing its environment: \(text.suffix(200))", on: name)
        do {
            try target.compare(text)
        } catch let refuted as PermanentFailure {
            let diagnostic = refuted.failure.diagnostics.first
            throw RemoteRefusal(.unsuitable, "\(name): \(diagnostic?.message ?? "")", hint: diagnostic?.hint)
        }
    }

    private static func check(_ result: CommandResult, of what: String, on host: String) throws {
        if result.ending == .cancelled { throw CancellationError() }
        guard !result.succeeded else { return }
        throw RemoteRefusal(.unready, "\(host): \(what): \(result.ending)")
    }

    private static func question(_ path: String) -> String {
        """
        PATH=\(ShellWord.quoted(path))
        export PATH
        echo "$(uname -s) $(uname -r) $(uname -m)"
        cc --version 2>/dev/null | sed 1q

        """
    }

    // MARK: System packages

    /// Installs system packages on the host, where they stay.
    ///
    /// - Throws: `SystemPackageLayers.Refusal`; `Failure`; `CancellationError`.
    func install(
        _ names: [String], on session: RemoteSession, for target: TargetEnvironment, log: JobLog,
        progress: @Sendable (String) -> Void
    ) async throws {
        guard !names.isEmpty else { return }
        let answer = try await target.plugin.systemPackages(
            SystemPackagesRequest(target: target.request, names: names))
        guard answer.unknown.isEmpty else { throw SystemPackageLayers.Refusal.unknown(answer.unknown) }
        guard !answer.installed.isEmpty else { return }
        progress("system packages")
        log.note("system packages: \(answer.installed.joined(separator: " "))")
        for step in answer.steps {
            do {
                let section = log.begin(.depext, step.name, step.commandLine)
                let result = try await session.perform(step, in: target, limits: SystemPackageLayers.limits) {
                    section.append($0)
                }
                section.end(result)
                if result.ending == .cancelled { throw CancellationError() }
                guard result.succeeded else { throw SystemPackageLayers.Refusal.failed(section.failure(result)) }
            } catch let refused as RootRefused {
                throw SystemPackageLayers.Refusal.forbidden(answer.installed, refused.description)
            }
        }
    }
}

/// What is known of hosts that were made ready in this process.
actor ReadyHosts {
    private struct Key: Hashable {
        var host: HostAddress
        var environment: Digest
    }

    private var known: [Key: String] = [:]
    /// What the first host of each environment was: layers of one are used on all.
    private var models: [Digest: (host: HostAddress, facts: String)] = [:]

    func facts(of host: HostAddress, for environment: Digest) -> String? {
        known[Key(host: host, environment: environment)]
    }

    /// - Returns: a host of the environment that is something else.
    func add(_ host: HostAddress, facts: String, for environment: Digest) -> (host: String, facts: String)? {
        if let model = models[environment], model.facts != facts { return (model.host.destination, model.facts) }
        models[environment] = models[environment] ?? (host, facts)
        known[Key(host: host, environment: environment)] = facts
        return nil
    }
}
