internal import ArgumentParser
internal import Core
internal import Doctor
internal import HTTP
internal import Images
internal import Registry
internal import Worker

/// The addresses of mirrors of registries, by the hosts that image references name.
struct ImageMirrors: Sendable {
    let addresses: [String: String]

    /// Parses pairs separated by spaces; nil if one of them is none.
    init?(_ text: String) {
        guard let pairs = AddressPairs(text, where: { RegistryAddress("\($1)/name") != nil }) else { return nil }
        addresses = pairs.addresses
    }
}

/// Where images of targets come from.
struct ImageOptions: ParsableArguments {
    @Option(Settings.imageMirrors)
    var mirrors: ImageMirrors?

    /// Probes of the mirrors.
    func probes(in configuration: Configuration, _ services: ServiceOptions) throws -> [ServiceProbe] {
        let mirrors = try Settings.imageMirrors.value(flag: mirrors, in: configuration)?.addresses ?? [:]
        let http = HTTPClient(try HTTPSettings(configuration, services))
        let credentials = try BlobServices.credentials(configuration, services)
        return mirrors.sorted { $0.key < $1.key }.compactMap { host, mirror in
            RegistryAddress("\(mirror)/name").map { address in
                ServiceProbe(name: Settings.imageMirrors.key) {
                    try RegistryClient(address, http: http, credentials: credentials).ping()
                    return "images of \(host) can be read from \(mirror)"
                }
            }
        }
    }

    /// The images of registries and layouts, with the layers that were pulled before.
    ///
    /// - Parameters:
    ///   - directories: of the worker whose cache has them.
    ///   - services: of the command; nil where it has none.
    ///   - aside: a directory for layers that the cache lacks; the cache is then only read.
    func store(
        in directories: WorkerDirectories, _ services: ServiceOptions? = nil, readOnlyBeside aside: String? = nil,
        _ configuration: Configuration
    ) throws -> ImageStore {
        let registries = ImageRegistries(
            http: HTTPClient(try HTTPSettings(configuration, services)),
            credentials: { try BlobServices.credentials(configuration, services) },
            mirrors: try Settings.imageMirrors.value(flag: mirrors, in: configuration)?.addresses ?? [:])
        guard let aside else { return ImageStore(directories.images, usage: directories.usage, registries: registries) }
        return ImageStore(aside, registries: registries, readOnlyDirectories: [directories.images])
    }
}
