internal import Core
internal import Machines
internal import Model
internal import PluginMessages

/// All that is known of the virtual machine of a target: what the matrix says, else the plugin, else the default.
struct MachineSpecification: Sendable {
    let planned: Plan.Machine
    let hardware: MachineHardware
    let seed: MachineDescription.Seed
    let login: String
    let setClock: String?
    /// The digest of the target's environment.
    let environment: Digest

    private static let defaultMemory = 1024
    private static let defaultBootTime = 900

    init(_ planned: Plan.Machine, of target: TargetEnvironment, environment: Digest) {
        let (own, plugin) = (planned.overrides, target.description.machine)
        self.planned = planned
        self.environment = environment
        hardware = MachineHardware([own, plugin], architecture: target.request.architecture)
        seed = own.seed ?? plugin?.seed ?? .nocloud
        login = own.login ?? plugin?.login ?? target.environment.buildUser.name
        setClock = own.setClock ?? plugin?.setClock
    }

    var memory: Int { planned.memory ?? Self.defaultMemory }
    /// How long a machine may take to answer after it was started.
    var bootTime: Duration { .seconds(planned.bootTime ?? Self.defaultBootTime) }

    /// - Parameters:
    ///   - disk: the writable disk.
    ///   - seed: the disk with the key; nil for none.
    ///   - processors: of this host.
    func configuration(
        _ accelerator: Accelerator, disk: String, seed: String?, network: MachineConfiguration.Network, processors: Int
    ) -> MachineConfiguration {
        var disks = [
            MachineConfiguration.Disk(
                disk, format: .qcow2, isWritable: true, bootIndex: planned.kernel == nil ? 0 : nil)
        ]
        if let seed { disks.append(MachineConfiguration.Disk(seed, format: .raw)) }
        return MachineConfiguration(
            hardware: hardware, accelerator: accelerator, memory: memory,
            processors: min(planned.processors ?? 1, processors),
            kernel: planned.kernel.map {
                MachineConfiguration.Kernel(
                    $0.path, initrd: planned.initrd?.path, arguments: planned.arguments ?? "")
            }, disks: disks, network: network)
    }

    /// Identifies the machine that is prepared for jobs: all that its state depends on.
    func key(_ configuration: MachineConfiguration, publicKey: String, version: String) throws -> Digest {
        struct Key: Encodable {
            let image: Digest
            let kernel: Digest?
            let initrd: Digest?
            let configuration: MachineConfiguration
            let environment: Digest
            let login: String
            let publicKey: String
            let version: String
        }
        var configuration = configuration
        // Their paths differ from machine to machine.
        for number in configuration.disks.indices { configuration.disks[number].path = "" }
        configuration.network = .isolated
        return try CanonicalJSON.digest(
            of: Key(
                image: planned.checksum, kernel: planned.kernel?.digest, initrd: planned.initrd?.digest,
                configuration: configuration, environment: environment, login: login, publicKey: publicKey,
                version: version))
    }
}
