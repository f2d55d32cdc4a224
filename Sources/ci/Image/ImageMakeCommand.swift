internal import ArgumentParser
internal import Core
internal import MachineImages
internal import Machines
internal import PluginHost
internal import PluginMessages
internal import System

struct ImageMakeCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "make",
        abstract: "Install a system on a virtual machine's disk, unattended, for targets with `run: vm`.",
        discussion: """
            The plugin of TARGET knows which installers it can use and what to answer to them. The installer is verified by the \
            distribution's list of checksums, which is expected in its directory, or by --checksum. The image trusts the key of \
            --key, or one that is made. Prints the lines of a target for a matrix.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var messages: OutputOptions
    @OptionGroup var plugins: PluginPathOption

    @Option(
        help: "What the distribution publishes: an installer, or the disk of an installed system.", completion: .file())
    var installer: String

    @Option(help: "The image to write (default: TARGET.qcow2).", completion: .file())
    var output: String?

    @Option(
        help: "The public key of OpenSSH that the image trusts (default: a new one, OUTPUT.key).", completion: .file())
    var key: String?

    @Option(help: "The installer's checksum, sha256=… or sha512=…, instead of the distribution's list.")
    var checksum: String?

    @Option(help: "The distribution's list of checksums (default: in the installer's directory).", completion: .file())
    var checksumList: String?

    @Option(
        help: "The public key that signed the list (default: the one that Debian's signify-openbsd-keys has).",
        completion: .file())
    var signingKey: String?

    @Option(
        help: "The longest that one step of the installation may take, in seconds (default: as the plugin says).",
        transform: number("of seconds", in: 0...UInt32.max))
    var stepTimeout: UInt32?

    @Flag(help: "Replace files of the same names.")
    var force = false

    @Argument(help: "The target, such as openbsd-7.7.")
    var target: String

    func run() async throws {
        let work = Task { try await make() }
        let watch = InterruptWatch(
            announce: { _ in StandardError.print("stopping: no image is made; press Ctrl-C again to quit now") },
            stop: { work.cancel() })
        defer { watch.stop() }
        try await work.value
    }

    private func make() async throws {
        let configuration = try Configuration.current()
        let request = MachineImageBuild.Request(
            installer: installer, output: output ?? "\(target).qcow2", replaces: force,
            timing: DialogueSession.Timing(stepLimit: stepTimeout.map { .seconds(Int($0)) }),
            environment: configuration.environment)
        let (plugin, targetRequest) = try await plugins.catalog(in: configuration).plugin(serving: target)
        let build = try MachineImageBuild(request)
        let loginKey = if let key { try LoginKey(file: key) } else { try await build.makeKey() }
        let imageRequest = MachineImageRequest(
            target: targetRequest, installer: String(request.installer.split(separator: "/").last ?? ""),
            publicKey: loginKey.line, server: build.serverURL)
        guard let recipe = try await plugin.machineImage(imageRequest) else {
            throw Failure(
                .input, "'\(target)': its plugin '\(plugin.file.name)' cannot make images of machines",
                hint: "docs/plugins.md describes the call 'machine-image'")
        }
        let hardware = MachineHardware(
            [try await plugin.target(targetRequest).machine], architecture: targetRequest.architecture)
        if let obstacle = QEMU.obstacle(to: hardware) { throw obstacle }
        try await verify(recipe, configuration)
        let machines = (try? CacheOption.directory(in: configuration)).map { "\($0)/machines" }
        let finding = try await AcceleratorProbe(
            cache: machines, temporary: configuration.environment.temporaryDirectory
        ).finding(for: hardware)
        if let reason = finding.reason { printLine("KVM is not used, so that an installation takes hours: \(reason)") }
        let digest = try await build.run(
            recipe, hardware: hardware, accelerator: finding.accelerator, report: { printLine($0) },
            reportStep: { if messages.verbose { StandardError.print($0) } })
        StandardOutput.print(try matrixLines(request, recipe, digest))
    }

    private func verify(_ recipe: MachineImageRecipe, _ configuration: Configuration) async throws {
        printLine("verifying \(installer)")
        let evidence = try await InstallerCheck(
            file: installer, verification: recipe.verification, checksum: checksum, list: checksumList, key: signingKey,
            environment: configuration.environment
        ).run()
        printLine("\(installer): \(evidence)")
    }

    private func printLine(_ text: String) {
        if !messages.quiet { StandardError.print(text) }
    }

    /// A target for a matrix. The private key is beside its public one, by custom.
    private func matrixLines(
        _ request: MachineImageBuild.Request, _ recipe: MachineImageRecipe, _ digest: Digest
    ) throws -> String {
        let key = key.map { absolute($0.hasSuffix(".pub") ? String($0.dropLast(4)) : $0) } ?? request.key
        return """
            - name: \(target)
              run: vm
              image: \(try CompactJSON.text(of: request.output))
              checksum: sha256=\(digest)
              machine: {seed: none, login: \(recipe.login), key: \(try CompactJSON.text(of: key))}
            """
    }
}
