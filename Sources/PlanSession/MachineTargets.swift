internal import Core
internal import Matrix
internal import Model
internal import PluginMessages
internal import System

/// The virtual machines of a matrix's targets.
enum MachineTargets {
    /// The virtual machine of a target; nil if its jobs run elsewhere.
    ///
    /// - Throws: `Failure` if the plugin does not describe a system that is reached by ssh, or a file cannot be read.
    static func machine(
        of target: TargetEntry, _ description: TargetDescription, plugin: String
    ) throws(Failure) -> Plan.Machine? {
        guard case .machine(let entry) = target.backend else { return nil }
        guard description.environment.kind == .host else {
            throw Failure(
                .input,
                "target '\(target.name.value)': the plugin '\(plugin)' makes root file systems for sandboxes, and cannot "
                    + "use a virtual machine",
                at: entry.image.location,
                hint: "leave 'run: vm' out; systems reached by ssh can run in virtual machines")
        }
        let image =
            switch entry.image.value {
            case .path(let path): absolute(path)
            case .url(let url): url
            }
        var machine = Plan.Machine(
            image: image, checksum: entry.checksum,
            overrides: MachineDescription(
                disk: entry.disk, network: entry.network, firmware: entry.firmware, processor: entry.processor,
                seed: entry.seed, login: entry.login))
        (machine.memory, machine.processors) = (entry.memory, entry.processors)
        (machine.key, machine.bootTime) = (entry.key.map(absolute), entry.bootTime)
        if let kernel = entry.kernel {
            machine.kernel = try file(kernel.value.path, at: kernel.location)
            if let initrd = kernel.value.initrd { machine.initrd = try file(initrd, at: kernel.location) }
            machine.arguments = kernel.value.arguments
        }
        return machine
    }

    private static func file(_ path: String, at location: SourceLocation) throws(Failure) -> Plan.Machine.File {
        do {
            return Plan.Machine.File(path: absolute(path), digest: try Digest(ofFile: path))
        } catch {
            throw Failure(.input, error.description, at: location, hint: "paths are relative to the matrix")
        }
    }
}

/// The properties of a virtual machine that may change the results of commands in it: not its memory, processors and
/// devices.
struct MachineIdentity: Encodable {
    let image: Digest
    let kernel: Digest?
    let initrd: Digest?
    let arguments: String?
    let processor: String?

    init(_ machine: Plan.Machine, _ description: MachineDescription?) {
        image = machine.checksum
        (kernel, initrd) = (machine.kernel?.digest, machine.initrd?.digest)
        arguments = machine.arguments
        processor = machine.overrides.processor ?? description?.processor
    }
}
