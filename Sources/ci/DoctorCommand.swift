internal import ArgumentParser
internal import Core
internal import Doctor
internal import PluginHost

struct DoctorCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what jobs need on this machine: what is there, what is missing, how to get it.",
        discussion: "Exits with 3 if something that every job needs is missing.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var hosts: HostOptions
    @OptionGroup var cache: CacheOption
    @OptionGroup var services: ServiceOptions
    @OptionGroup var images: ImageOptions

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    func run() async throws {
        let configuration = try Configuration.current()
        let check = MachineCheck(
            store: try store.path(in: configuration), environment: configuration.environment,
            plugins: try PluginSearchPath.configured(configuration), hosts: try hosts.settings(configuration),
            cache: Result { try cache.directory(in: configuration) },
            cacheLimit: try Settings.cacheLimit.value(flag: nil, in: configuration) ?? .defaultCacheLimit,
            services: try services.probes(in: configuration, hosts) + images.probes(in: configuration, services))
        let findings = await check.findings()
        if format == .json {
            try printJSON(findings)
        } else {
            for finding in findings { StandardOutput.print(line(for: finding)) }
        }
        if findings.contains(where: { $0.state == .missing }) { throw EarlyExit(status: .infrastructure) }
    }

    private func line(for finding: Finding) -> String {
        let mark =
            switch finding.state {
            case .good: "ok     "
            case .absent: "absent "
            case .missing: "MISSING"
            }
        return "\(mark)  \(finding.name): \(finding.detail)" + (finding.remedy.map { "\n           \($0)" } ?? "")
    }
}
