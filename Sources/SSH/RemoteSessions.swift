internal import Core

/// A host prepared for building one job.
package struct RemoteWorkspace: Sendable {
    /// The borrowed session.
    package let session: RemoteSession
    /// The host, its operating system and its C compiler, for readers of a result.
    package let machine: String
    /// Whether the job's system packages were installed before.
    package let hasSystemPackages: Bool

    package init(session: RemoteSession, machine: String, hasSystemPackages: Bool = false) {
        self.session = session
        self.machine = machine
        self.hasSystemPackages = hasSystemPackages
    }
}

/// Sessions with hosts that are prepared for a target.
package struct RemoteSessions: Sendable {
    /// Receives the current step and the name of its host.
    package typealias Progress = @Sendable (_ step: String, _ host: String?) -> Void

    /// The hosts of the sessions.
    package let hosts: RemoteHosts
    private let ready: ReadyHosts
    /// The directory for files to be transferred.
    private let scratch: String

    package init(_ settings: HostSettings, scratch: String) {
        hosts = RemoteHosts(settings)
        ready = ReadyHosts()
        self.scratch = scratch
    }

    /// Calls `body` with a free host of the target, on which the target's directories are empty and not used by others.
    ///
    /// - Parameter prepare: prepares a host for the target and returns its description; called once for each host.
    /// - Throws: `Failure`; the errors of `prepare` and `body`; `CancellationError`.
    package func use<Value: Sendable>(
        for target: HostedTarget, progress: @escaping Progress,
        prepare: @Sendable (RemoteSession) async throws -> String,
        _ body: @Sendable (RemoteWorkspace) async throws -> Value
    ) async throws -> Value {
        let waiting: @Sendable (String) -> Void = { progress($0, nil) }
        return try await hosts.use(for: target, progress: waiting) { address in
            let facts = try await facts(of: address, target, progress, prepare)
            var host = host(address, target)
            host.directory = target.directory
            let session = try await RemoteSession(host, in: scratch, claiming: target.claims)
            let workspace = RemoteWorkspace(session: session, machine: "\(host.name): \(facts)")
            do {
                let value = try await body(workspace)
                await session.close()
                return value
            } catch {
                await session.close()
                throw error
            }
        }
    }

    private func host(_ address: HostAddress, _ target: HostedTarget) -> RemoteHost {
        RemoteHost(address, client: hosts.settings.client, elevation: target.elevation)
    }

    /// Prepares the host unless that has been done, and compares it with the other hosts of the target.
    ///
    /// - Returns: the description of the host.
    private func facts(
        of address: HostAddress, _ target: HostedTarget, _ progress: Progress,
        _ prepare: @Sendable (RemoteSession) async throws -> String
    ) async throws -> String {
        if let known = await ready.facts(of: address, for: target.environment) { return known }
        let host = host(address, target)
        progress("bootstrap", host.name)
        let session = try await RemoteSession(host, in: scratch)
        do {
            let facts = try await prepare(session)
            await session.close()
            if let other = await ready.add(address, facts: facts, for: target.environment) {
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
}
