internal import Core
internal import Model
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
internal import SSH
internal import Supervision
internal import Synchronization

/// Prepares a host of a target for builds: runs the target's bootstrap and installs system packages.
struct HostPreparation: Sendable {
    let target: TargetEnvironment
    let log: JobLog

    /// Runs the target's bootstrap on the host and compares the host with the description.
    ///
    /// - Returns: A description of the host.
    /// - Throws: `RemoteRefusal`; `Failure`; `CancellationError`.
    func prepare(_ session: RemoteSession) async throws -> String {
        for step in target.environment.bootstrap.map(rooted) where step.place == .environment {
            try await bootstrap(step, on: session)
        }
        if let probe = target.environment.probe { try await compare(by: rooted(probe), on: session) }
        return try await session.tools(path: target.environment.environment["PATH"] ?? "")
            .split(separator: "\n").map(String.init).joined(separator: ", ")
    }

    /// Runs the step in `/`, because the home directory may not exist yet.
    private func rooted(_ step: Step) -> Step {
        var step = step
        step.directory = step.directory ?? "/"
        return step
    }

    private func bootstrap(_ step: Step, on session: RemoteSession) async throws {
        let name = session.host.name
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
        try check(result, of: "making the environment: step '\(step.name)'", on: name)
    }

    private func compare(by probe: Step, on session: RemoteSession) async throws {
        let name = session.host.name
        let printed = Mutex("")
        let result = try await session.perform(probe, in: target, limits: TargetEnvironment.bootstrapLimits) { bytes in
            printed.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        let text = printed.withLock { $0 }
        try check(result, of: "probing its environment: \(text.suffix(200))", on: name)
        do {
            try target.compare(text)
        } catch let refuted as PermanentFailure {
            let diagnostic = refuted.failure.diagnostics.first
            throw RemoteRefusal(.unsuitable, "\(name): \(diagnostic?.message ?? "")", hint: diagnostic?.hint)
        }
    }

    private func check(_ result: CommandResult, of what: String, on host: String) throws {
        if result.ending == .cancelled { throw CancellationError() }
        guard !result.succeeded else { return }
        throw RemoteRefusal(.unready, "\(host): \(what): \(result.ending)")
    }

    /// Installs system packages on the host, where they stay.
    ///
    /// - Throws: `SystemPackageLayers.Refusal`; `Failure`; `CancellationError`.
    func install(_ names: [String], on session: RemoteSession, progress: @Sendable (String) -> Void) async throws {
        guard !names.isEmpty else { return }
        try await install(try await systemPackages(names), on: session, progress: progress)
    }

    /// The answer of the target's plugin for some depexts.
    ///
    /// - Throws: `SystemPackageLayers.Refusal` if one of them does not exist; `Failure`; `CancellationError`.
    func systemPackages(_ names: [String]) async throws -> SystemPackagesAnswer {
        let answer = try await target.plugin.systemPackages(
            SystemPackagesRequest(target: target.request, names: names))
        guard answer.unknown.isEmpty else { throw SystemPackageLayers.Refusal.unknown(answer.unknown) }
        return answer
    }

    /// Installs the system packages of an answer of the plugin.
    ///
    /// - Throws: `SystemPackageLayers.Refusal`; `Failure`; `CancellationError`.
    func install(
        _ answer: SystemPackagesAnswer, on session: RemoteSession, progress: @Sendable (String) -> Void
    ) async throws {
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
        log.systemPackages = await versions(answer, on: session)
    }

    /// Lists the versions of the installed system packages; nil if they cannot be listed.
    private func versions(_ answer: SystemPackagesAnswer, on session: RemoteSession) async -> [String]? {
        guard let step = answer.versions else { return nil }
        let printed = Mutex<[UInt8]>([])
        let limits = Limits(time: .seconds(60), output: 1 << 20)
        let result = try? await session.perform(step, in: target, limits: limits) { bytes in
            printed.withLock { $0 += bytes }
        }
        return result?.succeeded == true ? SystemPackageLayers.versions(printed: printed.withLock { $0 }) : nil
    }
}
