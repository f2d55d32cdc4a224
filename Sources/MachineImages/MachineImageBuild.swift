package import Core
internal import Glibc
package import Machines
package import PluginMessages
package import System

/// Builds the image of a machine by a plugin's recipe.
///
/// All files are written into a directory next to the image, which is removed with this value; the image is moved to
/// its path when it is complete.
///
/// - SeeAlso: `docs/decisions/0280-machine-image-recipes.md`
package final class MachineImageBuild: Sendable {
    /// The inputs other than the recipe.
    package struct Request: Sendable {
        /// The installer's path.
        package var installer: String
        /// The image's path.
        package var output: String
        /// Whether existing files of the same names are replaced.
        package var replaces: Bool
        /// The time limit of each step of a dialogue.
        package var timing: DialogueSession.Timing
        /// The environment of the programs that are started.
        package var environment: ProcessEnvironment

        package init(
            installer: String, output: String, replaces: Bool = false,
            timing: DialogueSession.Timing = DialogueSession.Timing(), environment: ProcessEnvironment
        ) {
            self.installer = absolute(installer)
            self.output = output.hasPrefix("/") ? output : "\(absolute("."))/\(output)"
            self.replaces = replaces
            self.timing = timing
            self.environment = environment
        }

        /// The path of the log of a failed dialogue.
        package var log: String { "\(output).log" }
        /// The path of the private key, if one is generated.
        package var key: String { "\(output).key" }
        var directory: String { parentDirectory(of: output) ?? "/" }
    }

    private let request: Request
    private let server: FileServer
    private let scratch: ScratchDirectory
    private static let prefix = ".ciso-image."

    /// Prepares a build, and removes the files of killed processes.
    ///
    /// - Throws: `Failure` if the image could not be written, before hours of work.
    package init(_ request: Request) throws {
        for path in [request.output, request.key] where !request.replaces && FileStatus(path) != nil {
            throw Failure(.input, "'\(path)': the file exists", hint: "--force replaces it")
        }
        guard FileStatus(request.installer, followingLinks: true)?.isFile == true else {
            throw Failure(.input, "'\(request.installer)': there is no such file")
        }
        guard access(request.directory, W_OK) == 0 else {
            throw Failure(
                .input, "'\(request.directory)': the image cannot be written there: \(errorText(errno))")
        }
        self.request = request
        ScratchDirectory.removeLeftovers(in: request.directory, named: Self.prefix)
        scratch = try FileSystem<SystemError>.scratchDirectory(in: request.directory, named: Self.prefix, mode: 0o700)
        server = try FileServer()
    }

    /// The URL below which a machine finds a recipe's files, for the request to the plugin.
    package var serverURL: String { server.url }

    private var newKey: String { "\(scratch.path)/key" }

    /// Generates a key, which is moved to its path together with the image.
    package func makeKey() async throws -> LoginKey {
        try await LoginKey.make(at: newKey, environment: request.environment)
    }

    /// Builds the image.
    ///
    /// - Parameters:
    ///   - report: receives a line about each part.
    ///   - reportStep: receives a line about each step of a dialogue.
    /// - Returns: the image's digest.
    /// - Throws: `Failure`, which names the log; `CancellationError`. Only that log remains then.
    package func run(
        _ recipe: MachineImageRecipe, hardware: MachineHardware, accelerator: Accelerator,
        report: @escaping @Sendable (String) -> Void, reportStep: @escaping @Sendable (String) -> Void
    ) async throws -> Digest {
        let disk = "\(scratch.path)/disk.qcow2"
        if recipe.source == .systemDisk {
            report("copying \(request.installer)")
            try await DiskImage(environment: request.environment)
                .copy(request.installer, to: disk, size: recipe.diskSize, in: scratch.path)
        } else {
            try await QEMU.makeDisk(at: disk, size: recipe.diskSize)
        }
        let seed = try await makeSeed(recipe.seed)
        try server.serve(recipe.files)
        for (number, boot) in recipe.boots.enumerated() {
            report("starting the machine: \(boot.name), \(number + 1) of \(recipe.boots.count)")
            let configuration = MachineConfiguration(
                hardware: hardware, accelerator: accelerator, memory: recipe.memory >> 20,
                disks: disks(boot, recipe.source, disk: disk, seed: seed), network: boot.network ? .open : .isolated,
                endsAtReboot: true)
            try await run(boot, configuration, reportStep)
        }
        report("computing the checksum")
        return try await publish(disk)
    }

    private func makeSeed(_ seed: SeedDisk?) async throws -> String? {
        guard let seed else { return nil }
        let files = "\(scratch.path)/seed"
        try FileSystem<SystemError>.makeDirectory(files)
        for (name, contents) in seed.files {
            try FileSystem<SystemError>.replace(
                "\(files)/\(name)", with: Array(contents.utf8), durability: .none)
        }
        let disk = "\(scratch.path)/seed.raw"
        try await DiskImage(environment: request.environment).makeFileSystem(of: files, label: seed.label, at: disk)
        return disk
    }

    private func disks(
        _ boot: InstallerBoot, _ source: MachineImageRecipe.Source, disk: String, seed: String?
    ) -> [MachineConfiguration.Disk] {
        var disks = [
            MachineConfiguration.Disk(disk, format: .qcow2, isWritable: true, bootIndex: boot.installer ? 1 : 0)
        ]
        if boot.installer {
            disks.append(
                MachineConfiguration.Disk(
                    request.installer, format: .raw, isCDROM: source == .installerCD, bootIndex: 0))
        }
        if let seed { disks.append(MachineConfiguration.Disk(seed, format: .raw)) }
        return disks
    }

    private func run(
        _ boot: InstallerBoot, _ configuration: MachineConfiguration, _ report: @escaping @Sendable (String) -> Void
    ) async throws {
        let log = "\(scratch.path)/dialogue.log"
        let machine = try await VirtualMachine(configuration, in: scratch.path)
        do {
            try await DialogueSession(
                boot, machine.console, timing: request.timing, obstacle: { machine.obstacle }, report: report
            ).run(log: log)
        } catch {
            await machine.kill()
            throw error is CancellationError ? error : keepingLog(log, Failure(describing: error))
        }
        await machine.stop()
        if let crash = machine.crash {
            let reason = "boot '\(boot.name)', after the last step: the virtual machine ended: \(crash)"
            throw keepingLog(log, Failure(.unavailable, reason))
        }
    }

    /// Keeps the log of a failed dialogue, and names it.
    private func keepingLog(_ log: String, _ failure: Failure) -> Failure {
        var failure = failure
        guard (try? FileSystem<SystemError>.rename(log, request.log)) != nil,
            let last = failure.diagnostics.indices.last
        else { return failure }
        failure.diagnostics[last].hint = "the whole dialogue is in '\(request.log)'"
        return failure
    }

    private func publish(_ disk: String) async throws -> Digest {
        let (request, newKey) = (request, newKey)
        return try await BlockingWork.run {
            let file = try OpenFile<SystemError>(disk, O_RDWR)
            guard fchmod(file.descriptor, 0o644) == 0 else { throw SystemError.last("change the mode of", disk) }
            try file.synchronize()
            let digest = try Digest(of: file)
            if FileStatus(newKey) != nil {
                for suffix in ["", ".pub"] {
                    try FileSystem<SystemError>.rename(newKey + suffix, request.key + suffix)
                }
            }
            if request.replaces {
                try FileSystem<SystemError>.rename(disk, request.output)
            } else if try !FileSystem<SystemError>.renameWithoutReplacing(disk, request.output) {
                throw Failure(.input, "'\(request.output)': the file exists now", hint: "--force replaces it")
            }
            try FileSystem<SystemError>.synchronizeDirectory(of: request.output)
            return digest
        }
    }
}
