internal import Core
internal import Fetching
internal import Foundation
internal import Logging
internal import Machines
internal import Model
internal import OpamFormat
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
internal import RunnerInterface
internal import SSH
internal import Supervision
internal import System

/// Sessions with virtual machines of this host, one for each job.
///
/// A machine boots once for a target: it is prepared, saved, and each job continues from that state with a disk of its
/// own. For each set of system packages another state is saved, because jobs have no network.
///
/// - SeeAlso: `docs/decisions/0278-machine-network.md`
final class MachineSessions: Sendable {
    private let store: MachineStore
    private let slots = MachineSlots()
    private let sources: SourceCache
    private let scratch: String
    private let timeout: Int
    private let temporary: String
    private let accelerators: AcceleratorProbe
    private let failed = FailedMachines()
    /// A machine that continues from a state answers soon, on a busy host too.
    private static let resumeTime = Duration.seconds(120)

    /// - Parameters:
    ///   - timeout: seconds without an answer after which a connection counts as lost.
    ///   - temporary: the directory for temporary files.
    init(_ directories: WorkerDirectories, sources: SourceCache, timeout: Int, temporary: String) {
        store = directories.machineStore
        scratch = directories.scratch
        self.sources = sources
        (self.timeout, self.temporary) = (timeout, temporary)
        accelerators = AcceleratorProbe(cache: directories.machineStore.directory, temporary: temporary)
    }

    /// What the machines of a target have in common.
    private struct Context: Sendable {
        let specification: MachineSpecification
        let target: TargetEnvironment
        let accelerator: Accelerator
        let image: MachineImage
        let key: MachineKey
        let log: JobLog
        let progress: @Sendable (JobStep) -> Void

        var name: String { "the virtual machine of '\(target.request.target)'" }
        /// For the host in progress and results.
        var label: String { "a virtual machine (\(accelerator == .kvm ? "KVM" : "TCG"))" }
    }

    /// A layer that is sent once, into a machine that is saved then.
    struct SharedLayer: Sendable {
        let digest: Digest
        /// The directory with its files, as returned by `LayerStore.unpacked`.
        let unpacked: String
    }

    /// Runs `body` with a machine that has the system packages and is used by nobody else.
    ///
    /// - Parameter layer: is sent to the machine before, if that saves time.
    /// - Throws: `PermanentFailure` if there can be no machine; `SystemPackageLayers.Refusal`; `Failure`; what `body`
    ///   throws.
    func use<Value: Sendable>(
        _ machine: Plan.Machine, of target: TargetEnvironment, environment: Digest, packages: [String],
        layer: SharedLayer?, log: JobLog, progress: @escaping @Sendable (JobStep) -> Void,
        _ body: @Sendable (RemoteWorkspace) async throws -> Value
    ) async throws -> Value {
        let specification = MachineSpecification(machine, of: target, environment: environment)
        if let obstacle = QEMU.obstacle(to: specification.hardware) { throw PermanentFailure(obstacle) }
        let finding = try await accelerators.finding(for: specification.hardware)
        if let reason = finding.reason {
            log.note("warning: the virtual machine runs without KVM, 7 to 30 times slower: \(reason)")
        }
        let context = Context(
            specification: specification, target: target, accelerator: finding.accelerator,
            image: try await image(of: machine, target: target.request.target), key: try await key(of: specification),
            log: log, progress: progress)
        let waits: @Sendable () -> Void = { progress(JobStep("waiting for a virtual machine")) }
        let processors = configuration(context, disk: "", seed: nil).processors
        return try await slots.use(memory: specification.memory, processors: processors, waits: waits) {
            var prepared = try await self.prepared(context, packages)
            if let layer, context.accelerator == .tcg {
                prepared = try await self.holding(layer, prepared, context)
            }
            return try await self.run(prepared, context, body)
        }
    }

    private func key(of specification: MachineSpecification) async throws -> MachineKey {
        if let path = specification.planned.key { return try await MachineKey.existing(path) }
        return try await MachineKey.own(in: store.directory)
    }

    private func image(of machine: Plan.Machine, target: String) async throws -> MachineImage {
        for file in [machine.kernel, machine.initrd].compactMap(\.self) {
            try await MachineImage.verify(file.path, file.digest, cache: store.directory)
        }
        guard machine.image.contains("://") else {
            return try await MachineImage(machine.image, checksum: machine.checksum, cache: store.directory)
        }
        let checksum = Checksum("sha256=\(machine.checksum)").map { [$0] } ?? []
        do {
            let path = try await sources.file(Source(url: machine.image, checksums: checksum), of: target)
            return try await MachineImage(path, checksum: machine.checksum, cache: store.directory)
        } catch let error as SourceError where error.category == .input {
            throw PermanentFailure("the image of \(target): \(error)")
        }
    }

    private func configuration(
        _ context: Context, disk: String, seed: String?, network: MachineConfiguration.Network = .isolated
    ) -> MachineConfiguration {
        context.specification.configuration(
            context.accelerator, disk: disk, seed: context.specification.seed == .nocloud ? seed ?? "" : nil,
            network: network, processors: ProcessInfo.processInfo.activeProcessorCount)
    }

    // MARK: Prepared machines

    /// The machine that a job with these system packages continues from.
    private func prepared(_ context: Context, _ packages: [String]) async throws -> PreparedMachine {
        let base = try await base(context)
        guard !packages.isEmpty else { return base }
        let target = context.target
        let answer = try await HostPreparation(target: target, log: context.log).systemPackages(packages)
        guard !answer.installed.isEmpty else { return base }
        let digest = try CanonicalJSON.digest(of: [base.record.making] + answer.steps.map(\.script))
        let prepared = try await store.machine(digest, over: base.disk) { directory in
            context.progress(JobStep("system packages", host: context.label))
            return try await self.extend(base, context, in: directory, network: .open, claims: []) { session in
                try await HostPreparation(target: target, log: context.log)
                    .install(answer, on: session) { context.progress(JobStep($0, host: context.label)) }
                return context.log.systemPackages
            }
        }
        context.log.systemPackages = prepared.record.systemPackages
        return prepared
    }

    /// The machine whose cache has a layer besides. Without KVM, a layer is sent much more slowly than a machine
    /// continues.
    ///
    /// - SeeAlso: `docs/decisions/0310-layers-in-saved-machines.md`
    private func holding(
        _ layer: SharedLayer, _ prepared: PreparedMachine, _ context: Context
    ) async throws -> PreparedMachine {
        let digest = try CanonicalJSON.digest(of: [prepared.record.making, layer.digest.hex])
        let target = context.target
        return try await store.machine(digest, over: prepared.disk) { directory in
            context.progress(JobStep("layers", host: context.label))
            return try await self.extend(
                prepared, context, in: directory, network: .isolated, claims: target.claims
            ) { session in
                try await session.cacheLayers([(layer.digest, layer.unpacked)], at: target.layout.prefix)
                return prepared.record.systemPackages
            }
        }
    }

    /// Continues a prepared machine, lets `change` change it, and saves it in `directory`.
    ///
    /// - Parameter change: returns the versions of its system packages.
    private func extend(
        _ prepared: PreparedMachine, _ context: Context, in directory: String, network: MachineConfiguration.Network,
        claims: [String], _ change: @Sendable (RemoteSession) async throws -> [String]?
    ) async throws -> PreparedMachine.Record {
        try FileManager.default.copyItem(atPath: prepared.seed, toPath: "\(directory)/seed.iso")
        try await QEMU.makeOverlay(at: "\(directory)/disk.qcow2", over: prepared.disk, format: .qcow2)
        var record = PreparedMachine.Record(
            hostKeys: prepared.record.hostKeys, facts: prepared.record.facts, backing: prepared.disk)
        (record.systemPackages, _) = try await save(
            context, in: directory, from: prepared.state, hostKeys: prepared.record.hostKeys, network: network,
            claims: claims, change)
        return record
    }

    /// The machine with the target's environment, which boots and is prepared if there is none yet.
    private func base(_ context: Context) async throws -> PreparedMachine {
        let specification = context.specification
        let digest = try specification.key(
            configuration(context, disk: "", seed: nil), publicKey: context.key.publicKey,
            version: try await QEMU.version(of: specification.hardware))
        if let failure = failed[digest] { throw failure }
        do {
            return try await store.machine(digest, over: context.image.path) { directory in
                // Another job may have tried while this one waited for the lock.
                if let failure = self.failed[digest] { throw failure }
                context.progress(JobStep("bootstrap", host: context.label))
                return try await self.boot(context, in: directory)
            }
        } catch let failure as PermanentFailure {
            failed[digest] = failure
            throw failure
        } catch let refusal as RemoteRefusal {
            let failure = PermanentFailure(
                "\(context.name) cannot be prepared: \(refusal.message)", hint: refusal.hint)
            failed[digest] = failure
            throw failure
        }
    }

    private func boot(_ context: Context, in directory: String) async throws -> PreparedMachine.Record {
        let specification = context.specification
        if specification.seed == .nocloud {
            try MachineSeed(login: specification.login, publicKey: context.key.publicKey)
                .write(to: "\(directory)/seed.iso")
        } else {
            try Files.replace("\(directory)/seed.iso", with: [], mode: 0o600, durability: .none)
        }
        try await QEMU.makeOverlay(
            at: "\(directory)/disk.qcow2", over: context.image.path, format: context.image.format)
        var record = PreparedMachine.Record(hostKeys: [], facts: "", backing: context.image.path)
        (record.facts, record.hostKeys) = try await save(context, in: directory, from: nil, hostKeys: nil) { session in
            let facts = try await HostPreparation(target: context.target, log: context.log).prepare(session)
            return facts
        }
        return record
    }

    /// Starts the machine whose disk is in `directory`, lets `prepare` change it, and saves it there.
    ///
    /// - Parameter hostKeys: those that its server must have; nil: those that it has now, and prints on its console.
    /// - Returns: what `prepare` returns, and the host keys.
    private func save<Value: Sendable>(
        _ context: Context, in directory: String, from state: String?, hostKeys: [String]?,
        network: MachineConfiguration.Network = .open, claims: [String] = [],
        _ prepare: @Sendable (RemoteSession) async throws -> Value
    ) async throws -> (Value, [String]) {
        let configuration = configuration(
            context, disk: "\(directory)/disk.qcow2", seed: "\(directory)/seed.iso", network: network)
        let machine = try await VirtualMachine(configuration, state: state, in: scratch)
        return try await ending(machine, context) {
            if state != nil { try await machine.resume() }
            let keys: [String]
            if let hostKeys {
                keys = hostKeys
            } else {
                keys = try await self.hostKeys(of: machine, context)
            }
            let session = try await self.session(
                with: machine, context, hostKeys: keys, isBooting: state == nil, claims: claims)
            do {
                let value = try await prepare(session)
                await session.close()
                try await machine.save(to: "\(directory)/state")
                return (value, keys)
            } catch {
                await machine.kill()
                await session.close()
                throw error
            }
        }
    }

    // MARK: Jobs

    private func run<Value: Sendable>(
        _ prepared: PreparedMachine, _ context: Context,
        _ body: @Sendable (RemoteWorkspace) async throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        let staging = try Files.scratchDirectory(in: scratch, mode: 0o700)
        defer { withExtendedLifetime(staging) {} }
        try await QEMU.makeOverlay(at: "\(staging.path)/disk.qcow2", over: prepared.disk, format: .qcow2)
        let configuration = configuration(
            context, disk: "\(staging.path)/disk.qcow2", seed: prepared.seed, network: .isolated)
        let machine = try await VirtualMachine(configuration, state: prepared.state, in: staging.path)
        return try await ending(machine, context) {
            try await machine.resume()
            let session = try await self.session(
                with: machine, context, hostKeys: prepared.record.hostKeys, isBooting: false,
                claims: context.target.claims)
            logger.debug(
                "a machine is ready",
                metadata: ["target": "\(context.target.request.target)", "duration": "\(ContinuousClock.now - start)"])
            let workspace = RemoteWorkspace(
                session: session, machine: "\(context.label): \(prepared.record.facts)",
                hasSystemPackages: true)
            context.log.note("on \(workspace.machine)")
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(workspace))
            } catch {
                result = .failure(error)
            }
            // Nothing in the machine is needed any more: the connection need not end before it.
            if machine.obstacle == nil { await machine.kill() }
            await session.close()
            return try result.get()
        }
    }

    /// Runs `body`, after which the machine has ended. If the machine itself failed, that is the error.
    private func ending<Value: Sendable>(
        _ machine: VirtualMachine, _ context: Context, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            await machine.kill()
            return value
        } catch {
            let obstacle = machine.wasKilled ? nil : machine.obstacle
            await machine.kill()
            guard let obstacle, !(error is CancellationError), !(error is PermanentFailure) else { throw error }
            throw Failure(
                .unavailable, "\(context.name): \(obstacle)",
                hint: "the job is not to blame, and runs again; `ci doctor` checks whether virtual machines work here")
        }
    }

    // MARK: Sessions

    /// A session with a machine that has booted or was continued.
    ///
    /// - Parameter hostKeys: those that its server must have.
    private func session(
        with machine: VirtualMachine, _ context: Context, hostKeys: [String], isBooting: Bool, claims: [String]
    ) async throws -> RemoteSession {
        let deadline = ContinuousClock.now + (isBooting ? context.specification.bootTime : Self.resumeTime)
        let port = try await machine.sshPort()
        let knownHosts = try Files.scratchDirectory(in: scratch, mode: 0o700)
        let file = "\(knownHosts.path)/known_hosts"
        try Files.replace(file, with: Array(KnownKeys.text(of: hostKeys).utf8), mode: 0o600, durability: .none)
        let host = try host(context, port: port, knownHosts: file, claims: claims)
        while true {
            do {
                let session = try await RemoteSession(host, in: scratch, claiming: claims)
                await setClock(on: session, context)
                withExtendedLifetime(knownHosts) {}
                return session
            } catch let refusal as RemoteRefusal {
                guard machine.obstacle == nil, refusal.mayChange, ContinuousClock.now < deadline else {
                    throw isBooting ? refusal : Failure(.unavailable, "\(context.name): \(refusal.message)")
                }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func host(_ context: Context, port: Int, knownHosts: String, claims: [String]) throws -> RemoteHost {
        guard let address = HostAddress("ssh://\(context.specification.login)@127.0.0.1:\(port)") else {
            throw PermanentFailure("\(context.name): the login '\(context.specification.login)' is not a plain name")
        }
        let client = SSHClient(
            configuration: "none", knownHosts: knownHosts, identity: context.key.path, hostKeyAlias: KnownKeys.alias,
            temporary: temporary, timeout: timeout)
        var host = RemoteHost(
            address, client: client, elevation: context.target.environment.shell.elevation, label: context.label)
        if !claims.isEmpty { host.directory = context.target.environment.paths.build }
        return host
    }

    /// Waits until the machine's ssh server answers.
    private func hostKeys(of machine: VirtualMachine, _ context: Context) async throws -> [String] {
        let limit = context.specification.bootTime
        let deadline = ContinuousClock.now + limit
        let port = try await machine.sshPort()
        while machine.obstacle == nil {
            let found = try await MachineKey.hostKeys(port: port)
            if !found.isEmpty {
                guard let trusted = PrintedKeys.trusted(found, console: machine.console.text()) else {
                    throw PermanentFailure(
                        "\(context.name): the host key of its ssh server is none of those that it printed on its console"
                    )
                }
                return trusted
            }
            guard ContinuousClock.now < deadline else {
                let last = machine.console.text().split(whereSeparator: \.isNewline).last.map {
                    "; the last line of its console: \(String($0.prefix(200)).displayable)"
                }
                throw PermanentFailure(
                    "\(context.name) did not answer by ssh within \(limit.components.seconds) s\(last ?? "")",
                    hint:
                        "the image must start an ssh server and get its address by DHCP; 'boot-time' in 'machine' of the "
                        + "target gives it more time")
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw Failure(.unavailable, "\(context.name): \(machine.obstacle ?? "")")
    }

    private func setClock(on session: RemoteSession, _ context: Context) async {
        guard let script = context.specification.setClock else { return }
        let step = Step(
            "set-clock", phase: .bootstrap, script: script, user: .root, directory: "/",
            environment: ["CISO_TIME": "\(Int(Date().timeIntervalSince1970))"])
        // Whether the login may become root was found out by the bootstrap.
        let result = await session.run(context.target.command(step, limits: Limits(time: .seconds(60)))) { _ in }
        guard !result.succeeded, result.ending != .cancelled else { return }
        context.log.note("warning: the clock of the virtual machine could not be set: \(result.ending)")
    }
}

extension TargetEnvironment {
    /// The directories of a machine that belong to one job.
    fileprivate var claims: [String] { [environment.paths.opamRoot, environment.paths.home] }
}

extension RemoteRefusal {
    /// Whether a machine that has just been started may accept the session later.
    fileprivate var mayChange: Bool {
        switch kind {
        case .unreachable, .noLogin: true
        case .wrongKey, .unsuitable, .unready, .taken: false
        }
    }
}

/// The file with the host keys of a machine.
private enum KnownKeys {
    /// The name of every machine; ports differ.
    static let alias = "ciso-machine"

    static func text(of keys: [String]) -> String { keys.map { "\(alias) \($0)\n" }.joined() }
}
